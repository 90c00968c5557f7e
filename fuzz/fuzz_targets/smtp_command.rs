//! Any line: no panic, and what is read as an address reads back as the same address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::mail::{Address, ReversePath};
use waxseal::smtp::wire::{Command, ForwardPath, Spacing, mail, parse, rcpt};

fuzz_target!(|line: &[u8]| match parse(line) {
    Ok(Command::Mail(rest)) => {
        for spacing in [Spacing::Strict, Spacing::Lenient] {
            if let Ok(arguments) = mail(rest, spacing)
                && let ReversePath::Address(address) = arguments.path
            {
                comes_back(&address);
            }
        }
    }
    Ok(Command::Rcpt(rest)) => {
        for smtputf8 in [false, true] {
            if let Ok(ForwardPath::Recipient(recipient)) = rcpt(rest, Spacing::Strict, smtputf8) {
                assert!(smtputf8 || recipient.address.to_string().is_ascii());
                comes_back(&recipient.address);
            }
        }
    }
    Ok(Command::Ehlo(name) | Command::Helo(name)) => {
        assert!(name.bytes().all(|b| b.is_ascii_graphic() && !b"()<>\\\"".contains(&b)));
    }
    _ => {}
});

/// What is sent on must mean the same mailbox, and hold nothing that ends a line.
fn comes_back(address: &Address) {
    let written = address.to_string();
    assert!(!written.contains(['\r', '\n', '\0']));
    assert_eq!(written.parse::<Address>().as_ref(), Ok(address));
}
