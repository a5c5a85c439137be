//! Programs that are more than one line to type: until it is ready, script by script, into maintenance and out.

use consign_metadata::plan::{ScriptsStep, UntilStep};
use consign_metadata::text::Language;

use super::Procedure;
use super::list::limits;
use super::paper::Paper;
use crate::host::by_hand;
use crate::report::plan::words;
use crate::step::scripts;

impl Procedure<'_> {
    pub(super) fn until(&self, paper: &mut Paper, step: &UntilStep, language: Language) {
        let run = &step.run;
        let command = match self.words().fill(&run.command) {
            Ok(command) => by_hand::run(run, &command),
            Err(problem) => return paper.say(&problem.to_string()),
        };
        limits(paper, run, language);
        let ready = words::ready(&step.ready, language);
        paper.say(&say!(
            language,
            "It goes on by itself: {ready}. Then it is stopped again.",
            "Il ne s'arrête pas de lui-même : {ready}. Puis on l'arrête."
        ));
        let ready = &step.ready;
        let check = ready.check.as_ref().and_then(|check| self.check(check, run.timeout_seconds));
        let look = check.or_else(|| ready.line.as_ref().map(|line| by_hand::wait_for_line(line, run.timeout_seconds)));
        paper.block(match look {
            Some(look) => by_hand::until(&command, &look).to_vec(),
            // It ends by itself.
            None => vec![command],
        });
    }

    pub(super) fn scripts(&self, paper: &mut Paper, step: &ScriptsStep, language: Language) {
        limits(paper, &step.run, language);
        paper.say(&say!(
            language,
            "Leave out what has run on this host before.",
            "Laissez de côté ce qui a déjà été exécuté sur cet hôte."
        ));
        let mut lines = Vec::new();
        for script in step.between(self.header.from.as_ref(), &self.header.to) {
            let path = format!("{}/{}", step.folder.trim_end_matches('/'), script.path);
            match self.words().fill(&scripts::command(&step.run.command, &path)) {
                Ok(command) => lines.push(by_hand::run(&step.run, &command)),
                Err(problem) => return paper.say(&problem.to_string()),
            }
        }
        paper.block(lines);
    }

    pub(super) fn maintenance(&self, paper: &mut Paper, enter: bool) {
        let Some(mode) = &self.plan.body.maintenance else { return };
        let flag = mode.flag.as_ref().map(|flag| by_hand::maintenance_flag(flag, enter));
        let command = if enter { &mode.enter } else { &mode.leave };
        let command = command.as_ref().and_then(|command| self.words().fill(command).ok());
        paper.block(flag.into_iter().chain(command.map(|command| by_hand::as_user(&mode.user, &command))));
    }
}
