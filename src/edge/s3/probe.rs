//! Whether a service keeps the conditions that the record rests on, found out by racing writers: one that answers two
//! polite requests as it should may still let two through that come at once.

use futures_util::future::join_all;

use super::objects::Objects;
use crate::edge::Failure;

/// Writers that race.
const WRITERS: usize = 8;
/// Races.
const ROUNDS: usize = 8;

/// Races writers for the same object.
///
/// # Errors
/// Where more than one of them won, or none; or the service fails.
pub async fn conditions(objects: &Objects) -> Result<(), Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(format!("the operating system gives no random numbers: {error}")))?;
    let token = u64::from_ne_bytes(random);
    let name = |round: usize| format!("probe/{token:016x}-{round}");
    let refused = |what: String| {
        Err(Failure::new(format!("{} does not keep conditional writes: {what}", objects.name())).hint(
            "two runs could write the record at once there. Use a service that keeps If-None-Match (Amazon S3, R2, \
             MinIO, ...), or a record in PostgreSQL",
        ))
    };
    for round in 0..ROUNDS {
        let name = name(round);
        let papers: Vec<Vec<u8>> = (0..WRITERS).map(|writer| format!("writer {writer}").into_bytes()).collect();
        let race = join_all(papers.iter().map(|paper| objects.create_once(&name, paper))).await;
        let mut winners = Vec::new();
        for (paper, won) in papers.iter().zip(race) {
            if won? {
                winners.push(paper);
            }
        }
        let Some(found) = objects.get(&name).await? else {
            return refused("an object that was written is not there".to_owned());
        };
        match winners[..] {
            [winner] if *winner == found.bytes => {}
            [_] => return refused("another writer's object stands where one was told that it had won".to_owned()),
            _ => {
                return refused(format!(
                    "of {WRITERS} writers that created the same object at once, {} were told that they had",
                    winners.len()
                ));
            }
        }
    }
    objects.remove((0..ROUNDS).map(name).collect()).await;
    Ok(())
}
