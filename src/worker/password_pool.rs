//! Hashes and checks passwords on threads of its own: each takes tens of milliseconds of a core and 19 MiB, so no more run
//! at once than there are threads, and no more wait than the queue holds.

use crate::domain::flow::chance;
use crate::domain::password::{self, Password, PasswordHash, Verdict};
use crate::error::{Error, Result};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Threads that hash.
pub const THREADS: usize = 2;
/// Passwords that may wait for them.
pub const WAITING: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and checks passwords. Its threads end with it.
pub struct PasswordPool {
    jobs: SyncSender<Job>,
    /// A hash that no password is known of: who is not there is checked against it.
    nobody: Arc<OnceLock<PasswordHash>>,
}

impl PasswordPool {
    /// Starts the threads.
    pub fn start() -> PasswordPool {
        let (jobs, waiting) = sync_channel::<Job>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let waiting = waiting.clone();
            std::thread::spawn(move || while run_next(&waiting) {});
        }
        PasswordPool {
            jobs,
            nobody: Arc::default(),
        }
    }

    /// The hash of a password, with a salt of its own.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many are waiting already.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash> {
        self.run(move || password::hash(&password, &chance::bytes()?))
            .await
    }

    /// Whether a hash is of the password. Without a hash it takes as long and is wrong.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many are waiting already.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict> {
        let nobody = self.nobody.clone();
        self.run(move || match hash {
            Some(hash) => password::verify(&password, &hash),
            None => {
                let hash = of_nobody(&nobody)?;
                password::verify(&password, &hash)?;
                Ok(Verdict::Wrong)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, replied) = oneshot::channel();
        let job = Box::new(move || {
            // A client that has gone does not need its answer.
            let _gone = reply.send(work());
        });
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Error::Overloaded),
            Err(TrySendError::Disconnected(_)) => {
                return Err(Error::internal("no thread hashes passwords"));
            }
        }
        replied
            .await
            .unwrap_or_else(|_| Err(Error::internal("hashing a password did not end")))
    }
}

/// Runs the next job; `false` when there will be none.
fn run_next(waiting: &Mutex<Receiver<Job>>) -> bool {
    let next = waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv();
    match next {
        Ok(job) => {
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            if ended.is_err() {
                log::error!("Hashing a password ended by a panic.");
            }
            true
        }
        Err(_) => false,
    }
}

fn of_nobody(kept: &OnceLock<PasswordHash>) -> Result<PasswordHash> {
    if let Some(hash) = kept.get() {
        return Ok(hash.clone());
    }
    let bits: [u8; 16] = chance::bytes()?;
    let secret: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = password::hash(&Password::typed(&secret), &chance::bytes()?)?;
    Ok(kept.get_or_init(|| hash).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn who_is_not_there_takes_as_long_and_is_wrong() {
        let pool = PasswordPool::start();
        let hash = pool.hash(Password::typed("correct horse")).await.unwrap();
        let typed = || Password::typed("correct horse");
        pool.verify(typed(), None).await.unwrap();
        // The fastest of several: others want the processor, too.
        let timed = async |hash: Option<PasswordHash>| {
            let (mut verdict, mut fastest) = (Verdict::Wrong, f64::MAX);
            for _ in 0..8 {
                let began = std::time::Instant::now();
                verdict = pool.verify(typed(), hash.clone()).await.unwrap();
                fastest = fastest.min(began.elapsed().as_secs_f64());
            }
            (verdict, fastest)
        };
        let (right, known) = timed(Some(hash)).await;
        let (wrong, unknown) = timed(None).await;
        assert_eq!((right, wrong), (Verdict::Right, Verdict::Wrong));
        assert!(
            unknown > known / 4.0 && unknown < known * 4.0,
            "{known} s and {unknown} s"
        );
    }

    #[actix_web::test]
    async fn more_than_can_wait_are_turned_away() {
        let pool = PasswordPool::start();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let blocker = || {
            let gate = gate.clone();
            pool.run(move || {
                let _opened = gate.lock().unwrap().recv();
                Ok(())
            })
        };
        let mut running: Vec<_> = (0..THREADS + WAITING + 1)
            .map(|_| Box::pin(blocker()))
            .collect();
        let mut refused = 0;
        for job in &mut running {
            if let Some(Err(Error::Overloaded)) =
                futures_util::future::FutureExt::now_or_never(job.as_mut())
            {
                refused += 1;
            }
            // The first jobs have to reach their threads before the queue is full.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        drop(open);
        assert_eq!(refused, 1);
    }
}
