//! Scripts: those of the versions in between, sorted, each once in the life of the product on this host.

use std::io;
use std::path::PathBuf;

use consign_metadata::digest::Sha256;
use consign_metadata::plan::{Script, ScriptsStep};

use super::run::{self, Run};
use super::{Done, Probe, Scene, Step, Trouble};
use crate::engine::event::Failure;
use crate::scripts::{Ran, RanScript};

/// The word that stands for the path of a script.
const SCRIPT: &str = "{script}";

/// The step.
pub struct Scripts<'a> {
    /// As the plan describes it.
    pub step: &'a ScriptsStep,
}

impl Step for Scripts<'_> {
    fn probe(&self, scene: &mut Scene<'_>) -> Probe {
        Run { step: &self.step.run }.probe(scene)
    }

    fn run(&self, scene: &mut Scene<'_>) -> Result<Done, Trouble> {
        let product = scene.context.product;
        let mut ran = Ran::of(product)?;
        self.is_as_it_ran(&ran)?;
        let (from, to) = (scene.header().from.clone(), scene.header().to.clone());
        let name = &self.step.run.name;
        let between = self.step.between(from.as_ref(), &to);
        let due: Vec<&Script> = between.into_iter().filter(|script| !ran.is_done(name, &script.path)).collect();
        due.iter().try_for_each(|script| self.is_as_signed(scene, script))?;
        for script in due {
            // Whatever ran before it may have changed it.
            self.is_as_signed(scene, script)?;
            ran.begin(product, self.entry(scene, script))?;
            match self.run_one(scene, script)? {
                Done::Done => ran.finish(product, name, script)?,
                other => return Ok(other),
            }
        }
        Ok(Done::Done)
    }

    /// What they did to data is taken back as the plan says; then they have not run.
    fn undo(&self, scene: &mut Scene<'_>) -> Result<(), Trouble> {
        Run { step: &self.step.run }.undo(scene)?;
        let (product, upgrade) = (scene.context.product, scene.header().upgrade);
        Ok(Ran::of(product)?.take_out(product, &self.step.run.name, upgrade)?)
    }
}

impl Scripts<'_> {
    /// What ran is history: a release that tells another one is a mistake of its vendor's.
    fn is_as_it_ran(&self, ran: &Ran) -> Result<(), Failure> {
        let name = &self.step.run.name;
        let is_another =
            |script: &&Script| ran.entry(name, &script.path).is_some_and(|ran| ran.done && ran.sha256 != script.sha256);
        match self.step.list.iter().find(is_another) {
            Some(script) => Err(Failure::ScriptChanged { script: script.path.clone() }),
            None => Ok(()),
        }
    }

    fn is_as_signed(&self, scene: &Scene<'_>, script: &Script) -> Result<(), Trouble> {
        let path = self.path(script);
        let shown = path.display().to_string();
        match std::fs::read(scene.context.places.at(&shown)) {
            Ok(content) if Sha256::of(&content) == script.sha256 => Ok(()),
            Ok(_) => Err(Failure::ScriptDiffers { script: shown }.into()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(Failure::ProgramMissing { program: shown }.into())
            }
            Err(cause) => Err(Failure::Host { reason: format!("cannot read {shown}: {cause}") }.into()),
        }
    }

    fn run_one(&self, scene: &Scene<'_>, script: &Script) -> Result<Done, Trouble> {
        scene.note(&script.path);
        let step = &self.step.run;
        let command = run::filled(scene, &command(&step.command, &self.path(script).to_string_lossy()))?;
        let program = run::program(scene, step, command);
        let ended = scene.context.programs.run(&program)?;
        run::outcome(step, &program, ended).map_err(|trouble| match trouble {
            Trouble::Failed(failure) => {
                Failure::Script { script: script.path.clone(), failure: Box::new(failure) }.into()
            }
            other => other,
        })
    }

    fn path(&self, script: &Script) -> PathBuf {
        PathBuf::from(&self.step.folder).join(&script.path)
    }

    fn entry(&self, scene: &Scene<'_>, script: &Script) -> RanScript {
        RanScript {
            step: self.step.run.name.clone(),
            script: script.path.clone(),
            sha256: script.sha256,
            at: scene.context.clock.now(),
            upgrade: scene.header().upgrade,
            done: false,
        }
    }
}

/// What runs a script: its path where the plan wants it, else at the end. Other words are still to be filled in.
pub fn command(line: &[String], path: &str) -> Vec<String> {
    let path = path.replace('{', "{{");
    // `{{` is a brace, and what follows it no word.
    let put = |argument: &String| {
        let parts: Vec<_> = argument.split("{{").map(|part| part.replace(SCRIPT, &path)).collect();
        parts.join("{{")
    };
    let mut command: Vec<String> = line.iter().map(put).collect();
    if command == line {
        command.push(path);
    }
    command
}

#[cfg(test)]
mod tests {

    #[test]
    fn the_path_of_a_script_stands_where_the_plan_wants_it() {
        let command = |line: &[&str], path: &str| {
            let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
            super::command(&line, path).join(" ")
        };
        assert_eq!(command(&["python3"], "/s/a.py"), "python3 /s/a.py");
        assert_eq!(command(&["erp", "--run={script}", "{to}"], "/s/a.py"), "erp --run=/s/a.py {to}");
        assert_eq!(command(&["x", "{{script}"], "/s/a.py"), "x {{script} /s/a.py");
        assert_eq!(command(&["x", "{script}"], "/s/{a}"), "x /s/{{a}");
    }
}
