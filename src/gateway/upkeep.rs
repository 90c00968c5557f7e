//! What goes on beside the mail: counting what stands where.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Rooms;

/// How often the gauges of queue and quarantine are refreshed.
const EVERY: Duration = Duration::from_secs(5);

/// Refreshes gauges until `stop`.
pub(super) async fn run(rooms: Arc<Rooms>, stop: CancellationToken) {
    let count = async {
        let mut pace = tokio::time::interval(EVERY);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            match rooms.store.census().await {
                Ok(census) => rooms.queue_metrics.show(&census, rooms.clock.now()),
                Err(error) => warn!(%error, "the store can't be counted"),
            }
        }
    };
    _ = stop.run_until_cancelled(count).await;
}
