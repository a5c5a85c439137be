//! The pool of strings, its counts, and the order of rows: Windows finds a row by halving, so one out of place
//! is an error 2219 there, and none elsewhere.

use consign_metadata::msi::{Cell, Tables};

use super::Faults;

const CODE_PAGE: u32 = 1252;

pub fn look(tables: &Tables, faults: &mut Faults) {
    if tables.code_page != CODE_PAGE {
        faults.add("code page", format!("it is {}, and Windows opens {CODE_PAGE}", tables.code_page));
    }
    let mut counted = vec![0u32; tables.pool.len()];
    for (name, table) in &tables.tables {
        let keys: Vec<usize> = (0..table.columns.len()).filter(|at| table.columns[*at].is_key()).collect();
        let key = |row: &[Cell]| keys.iter().map(|at| row[*at].clone()).collect::<Vec<_>>();
        if table.rows.windows(2).any(|two| key(&two[0]) >= key(&two[1])) {
            faults.add("order", format!("the rows of {name} are not in the order of their keys, or two have one"));
        }
        for cell in table.rows.iter().flatten() {
            let Cell::Text(number) = cell else { continue };
            match counted.get_mut(*number as usize - 1) {
                Some(count) => *count += 1,
                None => faults.add("strings", format!("{name} has a string that is not in the pool")),
            }
        }
    }
    for (string, count) in tables.pool.iter().zip(counted) {
        if count == 0 || u32::from(string.references) != count.min(u32::from(u16::MAX)) {
            let said = string.references;
            faults.add("strings", format!("{:?} is used {count} times and counted {said} times", string.text));
        }
    }
}
