//! What goes on beside the mail: counting what stands where, taking up new patient indexes and staff.

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
            match rooms.base.store.census().await {
                Ok(census) => rooms.queue_metrics.show(&census, rooms.base.clock.now()),
                Err(error) => warn!(%error, "the store can't be counted"),
            }
            look_at_tables(&rooms).await;
        }
    };
    _ = stop.run_until_cancelled(count).await;
}

/// Reading a new index takes its time, which mail need not wait for.
async fn look_at_tables(rooms: &Arc<Rooms>) {
    let advisers = rooms.advisers.load_full();
    let now = rooms.base.clock.now();
    let refreshed = tokio::task::spawn_blocking({
        let advisers = advisers.clone();
        move || advisers.tables.iter().for_each(|table| table.refresh(now))
    });
    if let Err(error) = refreshed.await {
        warn!(%error, "patient indexes could not be looked at");
    }
    rooms.edm_metrics.show(&advisers.tables);
}

/// Renews the staff directory until `stop`. Its server may take its time: nothing else waits for it.
pub(super) async fn renew_directory(rooms: Arc<Rooms>, stop: CancellationToken) {
    let renew = async {
        let mut pace = tokio::time::interval(EVERY);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            let advisers = rooms.advisers.load_full();
            if let Some(staff) = &advisers.staff {
                staff.refresh(rooms.base.clock.now()).await;
                rooms.directory_metrics.show(staff);
            }
        }
    };
    _ = stop.run_until_cancelled(renew).await;
}
