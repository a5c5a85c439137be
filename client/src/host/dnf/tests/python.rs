//! What is written in Python runs in that of dnf, the oldest of which is 3.6, on EL 8.

use super::*;

/// The grammar of 3.6, as far as a newer Python still knows it, and what it overlooks.
const CHECK: &str = "
import ast, sys
tree = ast.parse(open(sys.argv[1], encoding='utf-8').read(), feature_version=(3, 6))
for node in ast.walk(tree):
    if isinstance(node, ast.ImportFrom) and node.module == '__future__':
        sys.exit('of a later Python: %s' % node.names[0].name)
    if isinstance(node, (ast.Return, ast.Yield)) and isinstance(node.value, ast.Tuple):
        if any(isinstance(part, ast.Starred) for part in node.value.elts):
            sys.exit('of a later Python: a star in what is returned')
";

fn python_3_6_reads(file: &Path) -> bool {
    let output = Command::new("python3").args(["-I", "-c", CHECK]).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || said.contains("SyntaxError") || said.contains("of a later Python"), "{said}");
    output.status.success()
}

#[test]
fn the_plugin_and_the_questions_to_dnf_4_are_read_by_the_python_of_el_8() {
    for program in [PLUGIN, "usr/lib/consignee/dnf4"] {
        assert!(python_3_6_reads(&dist(program)), "{program} has a syntax that Python 3.6 does not know");
    }
}

#[test]
fn what_later_pythons_have_brought_would_be_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("later.py");
    let later = [
        "if (found := 1): pass",
        "def ask(a, /): pass",
        "print(f'{ask=}')",
        "match ask:\n    case 1: pass",
        "with (open(a) as b, open(c) as d): pass",
        "from __future__ import annotations",
        "def ask(a):\n    return 1, *a",
    ];
    for text in later {
        fs_err::write(&file, text).unwrap();
        assert!(!python_3_6_reads(&file), "{text}");
    }
    fs_err::write(&file, "ask: int = 1_000\nprint(f'{ask}')\n").unwrap();
    assert!(python_3_6_reads(&file));
}
