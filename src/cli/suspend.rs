//! `suspend` and `resume`: stop and start all mail to one destination.

use axum::http::Method;
use serde_json::json;

use super::Common;
use super::control::{Control, encode};
use super::exit::{Error, Exit, Result};
use super::find::age;
use super::output::Table;
use crate::mail::Domain;
use crate::web::SuspensionView;
use crate::world::{Clock, SystemClock};

#[derive(clap::Args)]
pub struct SuspendArgs {
    /// The domain after the @ of the recipients; without it, what is suspended is listed
    #[arg(long)]
    domain: Option<Domain>,
    /// For so long (30m, 2h, 7d) instead of until it is resumed
    #[arg(long, value_name = "TIME", requires = "domain")]
    r#for: Option<String>,
    /// Why, for the account
    #[arg(long, requires = "domain")]
    reason: Option<String>,
}

#[derive(clap::Args)]
pub struct ResumeArgs {
    /// The domain after the @ of the recipients
    #[arg(long)]
    domain: Domain,
}

pub fn suspend(common: &Common, args: &SuspendArgs) -> Result {
    let control = Control::open(common)?;
    let Some(domain) = &args.domain else { return list(common, &control) };
    let until = match &args.r#for {
        None => None,
        Some(text) => {
            let age = age(text).ok_or_else(|| Error::Usage(format!("--for {text}: 30m, 2h or 7d is wanted")))?;
            Some(SystemClock.now().checked_add(age).map_err(|error| Error::Usage(error.to_string()))?)
        }
    };
    let body = json!({ "until": until, "reason": args.reason });
    control.act(Method::POST, &format!("/v1/suspensions/{}", encode(domain.as_str())), &body)?;
    let done = SuspensionView { domain: domain.clone(), until };
    common.output().one(&done, |done| format!("nothing goes to {} {}\n", done.domain, end(done)))?;
    Ok(Exit::Done)
}

pub fn resume(common: &Common, args: &ResumeArgs) -> Result {
    let path = format!("/v1/suspensions/{}", encode(args.domain.as_str()));
    Control::open(common)?.act(Method::DELETE, &path, &json!({}))?;
    let done = json!({ "domain": args.domain, "resumed": true });
    common.output().one(&done, |_| format!("mail goes to {} again\n", args.domain))?;
    Ok(Exit::Done)
}

fn list(common: &Common, control: &Control) -> Result {
    let suspended: Vec<SuspensionView> = control.get("/v1/suspensions")?;
    common.output().list(&suspended, |suspended| {
        if suspended.is_empty() {
            return "nothing is suspended\n".into();
        }
        let mut table = Table::new(&["DOMAIN", "SUSPENDED"]);
        for one in suspended {
            table.row([one.domain.to_string(), end(one)]);
        }
        table.render()
    })?;
    Ok(Exit::Done)
}

fn end(suspension: &SuspensionView) -> String {
    match suspension.until {
        Some(until) => format!("until {}", until.strftime("%F %T UTC")),
        None => format!("until `waxseal resume --domain {}`", suspension.domain),
    }
}
