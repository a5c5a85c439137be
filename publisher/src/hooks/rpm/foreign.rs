//! The scriptlets of an .rpm that was built by others, with our report in them.
//!
//! Ours comes first in each and never fails, so that what theirs answers is what rpm gets. `%pre` waits
//! until the engines are stopped, before theirs does anything; `%preun` stops them in the plan's order.
//!
//! - What a shell runs stays itself, behind our lines.
//! - What another program runs is kept to the byte: a shell reports and then becomes that program, which
//!   rpm gives the file of the scriptlet and the count as ever.
//! - What rpm itself runs, in Lua, has a line of Lua before it, which leaves the report to a shell.
//!
//! rpm may be told to expand a scriptlet as a macro (`%pre -e`) or as a query format (`-q`): our lines have
//! no character that either would take for its own.

use consign_metadata::name::{PackageName, ProductId};

use crate::package::rpm::Scriptlet;

const SHELL: &str = "/bin/sh";
const SHELLS: [&str; 3] = ["sh", "dash", "bash"];
const LUA: &str = "<lua>";
const HOOK: &str = "/usr/lib/consignee/consignee-hook";

/// A scriptlet of a package with our report in it; `own` is theirs, where there is one.
///
/// # Errors
/// When nobody could say what runs it.
pub fn reporting(
    product: &ProductId,
    package: &PackageName,
    name: &str,
    own: Option<&Scriptlet>,
) -> Result<Scriptlet, String> {
    let report = |count: &str| format!("if test -x {HOOK}; then {HOOK} {name} {product} {package} {count} || :; fi");
    let shell = |text: String| Scriptlet { program: vec![SHELL.to_owned()], text: Some(text) };
    let lines =
        format!("# This line was added by consign: the agent is told, whatever it answers.\n{}\n", report("\"$1\""));
    let Some(Scriptlet { program, text }) = own else { return Ok(shell(lines)) };
    let Some(text) = text else {
        return match program[0].starts_with('/') {
            true => Ok(shell(format!("{lines}exec {}\n", words(program)))),
            false => Err(unknown(name, &program[0])),
        };
    };
    match &*program[0] {
        LUA => {
            let call = report("\" .. tostring(rawget(arg, 2)) .. \"");
            let line = format!(
                "-- This line was added by consign: the agent is told, whatever it answers.\nos.execute(\"{call}\")\n"
            );
            Ok(Scriptlet { program: program.clone(), text: Some(line + text) })
        }
        own if is_shell(own) && program[1..].iter().all(|argument| argument != "-c") => {
            Ok(Scriptlet { program: program.clone(), text: Some(lines + text) })
        }
        own if own.starts_with('/') => Ok(Scriptlet { program: before(program, &report), text: Some(text.clone()) }),
        own => Err(unknown(name, own)),
    }
}

/// The shell that reports and becomes the program. Behind the words of the program rpm gives it the file
/// and the count.
fn before(program: &[String], report: &dyn Fn(&str) -> String) -> Vec<String> {
    let count = format!("\"${{{}}}\"", program.len() + 1);
    let line = format!("{}; exec \"$0\" \"$@\"", report(&count));
    [SHELL.to_owned(), "-c".to_owned(), line].into_iter().chain(program.iter().cloned()).collect()
}

fn is_shell(program: &str) -> bool {
    program.starts_with('/') && SHELLS.contains(&program.rsplit('/').next().unwrap_or_default())
}

fn words(program: &[String]) -> String {
    program.iter().map(|word| super::super::quoted(word)).collect::<Vec<_>>().join(" ")
}

fn unknown(name: &str, program: &str) -> String {
    format!("has a %{name} for {program}, which this consign does not know, and the agent is told of it there")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn own(program: &[&str], text: Option<&str>) -> Scriptlet {
        Scriptlet { program: program.iter().map(|word| (*word).to_owned()).collect(), text: text.map(str::to_owned) }
    }

    fn made(own: Option<&Scriptlet>) -> Scriptlet {
        reporting(&"acme/erp".parse().unwrap(), &"acme-erp".parse().unwrap(), "preun", own).unwrap()
    }

    /// Runs it as rpm does, with a count of 1.
    fn run(scriptlet: &Scriptlet) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scriptlet");
        std::fs::write(&file, scriptlet.text.as_deref().unwrap()).unwrap();
        let (program, arguments) = scriptlet.program.split_first().unwrap();
        let output = Command::new(program).args(arguments).arg(&file).arg("1").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    #[test]
    fn what_a_scriptlet_says_and_answers_is_what_it_did_before() {
        for program in [&["/bin/sh"][..], &["/bin/sh", "-eu"], &["/bin/bash"]] {
            let shell = made(Some(&own(program, Some("echo own $1\nexit 3\n"))));
            assert_eq!(run(&shell), (Some(3), "own 1\n".to_owned()));
        }
        let perl = made(Some(&own(&["/usr/bin/perl", "-w"], Some("print \"own $ARGV[0]\\n\"; exit 4;"))));
        assert_eq!(run(&perl), (Some(4), "own 1\n".to_owned()));
        assert_eq!(perl.text.as_deref(), Some("print \"own $ARGV[0]\\n\"; exit 4;"));
        assert!(perl.program[2].contains("preun acme/erp acme-erp \"${3}\" || :"), "{perl:?}");
        let alone = made(Some(&own(&["/bin/echo", "it's"], None)));
        assert_eq!(run(&alone), (Some(0), "it's\n".to_owned()));
        assert_eq!(run(&made(None)), (Some(0), String::new()));
    }

    #[test]
    fn what_a_scriptlet_answers_is_its_own_whatever_the_hook_does() {
        let folder = tempfile::tempdir().unwrap();
        let hook = folder.path().join("hook");
        for then in ["exit 1", "kill -KILL $$"] {
            std::fs::write(&hook, format!("#!/bin/sh\n{then}\n")).unwrap();
            std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let moved = |text: String| text.replace(HOOK, &hook.display().to_string());
            for (program, text, status) in [
                (&["/bin/sh", "-e"][..], "exit 3\n", 3),
                (&["/bin/sh", "-e"], "true\n", 0),
                (&["/usr/bin/perl"], "exit 4;", 4),
            ] {
                let Scriptlet { program, text } = made(Some(&own(program, Some(text))));
                let scriptlet = Scriptlet { program: program.into_iter().map(moved).collect(), text: text.map(moved) };
                assert_eq!(run(&scriptlet).0, Some(status), "{then}: {scriptlet:?}");
            }
        }
    }

    #[test]
    fn what_rpm_expands_finds_nothing_of_ours_to_expand() {
        let scripts = [Some(own(&["/bin/sh"], Some(""))), Some(own(&["<lua>"], Some(""))), None];
        for script in scripts {
            let text = made(script.as_ref()).text.unwrap();
            assert!(!text.contains(['%', '[', ']', '{', '}', '\\']), "{text}");
        }
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        let refused = |own: &Scriptlet| {
            reporting(&"acme/erp".parse().unwrap(), &"acme-erp".parse().unwrap(), "pre", Some(own)).unwrap_err()
        };
        assert!(refused(&own(&["<python>"], Some("x"))).contains("has a %pre for <python>"));
        assert!(refused(&own(&["<lua>"], None)).contains("has a %pre for <lua>"));
    }
}
