//! What a worker gives up before it sees a stranger's byte: files, network, new processes, memory without end.
//!
//! Three walls, each enough for most of it: resource limits, Landlock (no path can be opened), and a
//! seccomp filter (no system call but those that computing and answering need; any other kills the process).

use std::collections::BTreeMap;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// What a worker may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Address space, in bytes: more than any honest document takes.
    pub memory: u64,
    /// Processor time of the whole process, in seconds.
    pub processor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 1 << 30, processor: 600 }
    }
}

/// Confines this process, for good. Where the kernel lacks Landlock, seccomp still holds.
pub fn this_process(limits: &Limits) -> io::Result<()> {
    resources(limits)?;
    see_only(&[])?;
    for filter in [refused(), system_calls()] {
        seccompiler::apply_filter_all_threads(&filter.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Confines this process to what a program that reads a picture from its standard input needs: the
/// system's programs and libraries for reading, no network, no files to write. It may become another
/// program; the walls stay. Fails where the kernel lacks Landlock: seccomp can't tell one path from another.
pub fn before_reading_pictures(limits: &Limits) -> io::Result<()> {
    resources(limits)?;
    if see_only(&["/usr", "/lib", "/lib64", "/etc/ld.so.cache"])? == RulesetStatus::NotEnforced {
        return Err(io::ErrorKind::Unsupported.into());
    }
    seccompiler::apply_filter_all_threads(&reaching_out().map_err(io::Error::other)?).map_err(io::Error::other)
}

/// Whether this kernel can keep a process from paths.
pub fn has_landlock() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::from_all(ABI::V1)).and_then(|ruleset| ruleset.create()).is_ok()
}

/// No path but these, and these for reading; no TCP. Answers whether the kernel keeps to it.
fn see_only(paths: &[&str]) -> io::Result<RulesetStatus> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(paths, AccessFs::from_read(ABI::V4))))
        .and_then(|ruleset| ruleset.restrict_self())
        .map(|status| status.ruleset)
        .map_err(io::Error::other)
}

fn resources(limits: &Limits) -> io::Result<()> {
    let most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::As, most(limits.memory))?;
    setrlimit(Resource::Cpu, most(limits.processor))?;
    setrlimit(Resource::Fsize, most(0))?;
    setrlimit(Resource::Core, most(0))?;
    Ok(())
}

type Filter = Result<BpfProgram, Box<dyn std::error::Error + Send + Sync>>;

/// Opening a file fails like any file that is not there: the C library looks at one under `/proc` now and then when it
/// gives memory back, and would be killed for it at random. Asking how many processors there are fails too.
fn refused() -> Filter {
    let refusal = SeccompAction::Errno(libc::EACCES as u32);
    filter(any_use(&[libc::SYS_openat, libc::SYS_sched_getaffinity]), SeccompAction::Allow, refusal)
}

/// Sockets and other processes are refused; the rest is what a foreign program computes with.
fn reaching_out() -> Filter {
    const REFUSED: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_io_uring_setup,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_memfd_create,
    ];
    filter(any_use(REFUSED), SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32))
}

/// Reading, writing, memory, threads that exist already, time, chance, and ending.
fn system_calls() -> Filter {
    const ALLOWED: &[i64] = &[
        // Refused already.
        libc::SYS_openat,
        libc::SYS_sched_getaffinity,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_getcpu,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut calls = any_use(ALLOWED);
    // The allocator names its memory.
    let names = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::PR_SET_VMA as u64)?;
    calls.insert(libc::SYS_prctl, vec![SeccompRule::new(vec![names])?]);
    filter(calls, SeccompAction::KillProcess, SeccompAction::Allow)
}

/// System calls, each with what its arguments must be.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;

/// Whatever their arguments are.
fn any_use(calls: &[i64]) -> Calls {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// One action for these system calls, another for all others.
fn filter(calls: Calls, others: SeccompAction, these: SeccompAction) -> Filter {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(calls, others, these, arch)?.try_into()?)
}
