//! What happens by the clock: held mail that nobody judged goes back, and reviewers get their list.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::review::Ending;
use super::{Error, Quarantine};
use crate::audit::EventKind;
use crate::store::StoreError;

/// How often the clock is looked at.
const PAUSE: Duration = Duration::from_secs(60);

impl Quarantine {
    /// Keeps the clock until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut listed = self.clock.now();
        loop {
            if let Err(error) = self.expire().await {
                error!(%error, "held mail could not be looked through");
            }
            let now = self.clock.now();
            if next_list(listed) <= now {
                listed = now;
                if let Err(error) = self.send_list().await {
                    warn!(%error, "the daily list of held mail could not be sent");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Returns what was held for longer than `quarantine.expire`; it is never sent. Answers how many.
    pub async fn expire(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let limit = SignedDuration::try_from(self.config.expire).unwrap_or(SignedDuration::MAX);
        let mut expired = 0;
        for summary in self.all().await? {
            if now.duration_since(summary.received) < limit {
                continue;
            }
            let detail = json!({ "after": format!("{limit:#}") });
            match self.end(summary.id, EventKind::Expired, "gateway", detail, Ending::Expired).await {
                Ok(_) => {
                    expired += 1;
                    info!(id = %summary.id, "held mail returned: nobody judged it in time");
                }
                // Judged, or leased for its other recipients: the next round sees.
                Err(Error::NotHeld | Error::Store(StoreError::State(_) | StoreError::Leased)) => {}
                Err(error) => error!(id = %summary.id, %error, "held mail could not be returned"),
            }
        }
        Ok(expired)
    }

    /// Sends reviewers the list of what waits.
    pub async fn send_list(&self) -> Result<(), Error> {
        if let Some(list) = self.notices.daily(&self.all().await?) {
            self.store.commit(list).await?;
            self.queue.wake();
        }
        Ok(())
    }
}

/// The next six in the morning, UTC: before the first reviewer's working day in the Americas, early
/// in Europe's.
fn next_list(after: Timestamp) -> Timestamp {
    let since_six = (after.as_second() - 6 * 3600).rem_euclid(86_400);
    after - SignedDuration::from_secs(since_six) + SignedDuration::from_hours(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_goes_out_once_a_day_at_six() {
        for (after, next) in [
            ("2026-11-21T05:59:59Z", "2026-11-21T06:00:00Z"),
            ("2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"),
            ("2026-11-21T22:10:05Z", "2026-11-22T06:00:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01-01T06:00:00Z"),
        ] {
            assert_eq!(next_list(after.parse().unwrap()), next.parse().unwrap(), "{after}");
        }
    }
}
