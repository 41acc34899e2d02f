//! Fetching the authors' published files, when a person has asked for one.

use super::Studio;
use crate::gui::published::{Meter, News, Progress, Standing, Wish};
use crate::gui::state::Dialog;
use crate::gui::tasks::Arrival;
use crate::network::imported::obtain::{Obtained, Stage, obtain, present};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often news of a download comes.
const OFTEN: Duration = Duration::from_millis(100);

impl Studio {
    pub(super) fn show_published(&mut self) {
        self.state.published.look(&self.state.imported);
        self.show(Some(Dialog::Published));
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Fetch(name) => self.fetch(name),
            Wish::Stop(name) => {
                if let Some(offer) = self.state.published.offer(name)
                    && matches!(offer.standing, Standing::Asking | Standing::Coming(_))
                {
                    offer.stop.store(true, Ordering::Relaxed);
                    offer.standing = Standing::Stopping;
                }
            }
        }
    }

    fn fetch(&mut self, name: &'static str) {
        let folder = self.state.published.folder.clone();
        let Some(offer) = self.state.published.offer(name) else {
            return;
        };
        if !matches!(offer.standing, Standing::Idle(_) | Standing::Failed(..)) {
            return;
        }
        offer.standing = Standing::Asking;
        offer.stop.store(false, Ordering::Relaxed);
        let (file, stop) = (offer.file, offer.stop.clone());
        self.tasks.spawn_many("download", move |say| {
            let news = |news| say(Arrival::Published(name, news));
            let (mut meter, mut said, mut doing) = (Meter::default(), None::<Instant>, None);
            let ended = obtain(file, &folder, |stage| {
                let now = Instant::now();
                let kind = std::mem::discriminant(&stage);
                if doing.replace(kind) != Some(kind) {
                    (meter, said) = (Meter::default(), None);
                }
                if said.is_none_or(|then| now - then >= OFTEN) {
                    said = Some(now);
                    let rate = match stage {
                        Stage::Fetching(at, _) | Stage::Unpacking(at, _) => meter.rate(now, at),
                        Stage::Checking => None,
                    };
                    news(News::Progress(Progress { stage, rate }));
                }
                !stop.load(Ordering::Relaxed)
            });
            news(News::Ended(ended.map_err(|e| e.to_string())));
        });
    }

    pub(super) fn published_news(&mut self, name: &'static str, news: News) {
        let folder = self.state.published.folder.clone();
        let Some(offer) = self.state.published.offer(name) else {
            return;
        };
        match news {
            // News that was on its way when a person stopped it is none any more.
            News::Progress(_) if offer.standing == Standing::Stopping => {}
            News::Progress(progress) => offer.standing = Standing::Coming(progress),
            News::Ended(Ok(obtained)) => {
                let title = offer.file.title;
                offer.standing = Standing::Idle(present(offer.file, &folder));
                self.state.published.look(&self.state.imported);
                if obtained != Obtained::Stopped {
                    self.obtained(name, title);
                }
            }
            News::Ended(Err(error)) => {
                offer.standing = Standing::Failed(present(offer.file, &folder), error.clone());
                // Where the dialog is open it says so itself.
                if self.state.dialog != Some(Dialog::Published) {
                    self.complain(error);
                }
            }
        }
    }

    /// Something has come. Where it makes one model, that is looked at next, unless a person is doing something else.
    fn obtained(&mut self, name: &str, title: &str) {
        let group = self.state.published.group_of(name);
        let found: Vec<PathBuf> = group
            .into_iter()
            .flat_map(|g| g.found.iter().map(|(path, _)| path.clone()))
            .collect();
        self.say(
            format!("Fetched {title}"),
            Some(self.state.published.folder.clone()),
        );
        let free = matches!(self.state.dialog, None | Some(Dialog::Published));
        if let [checkpoint] = &found[..]
            && free
        {
            self.look_at(vec![checkpoint.clone()]);
        }
    }
}
