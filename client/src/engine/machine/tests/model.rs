//! The table looked at as a whole: every list of up to eight items, every event in every state that it can reach.
//!
//! What the table is asked about an item is whether it is the packages, whether it can be taken back and
//! whether that loses data; `on_interrupt` and tasks are the runner's. What an item is counts from the moment
//! it is touched, so it is chosen then and not before: that walks every list at once. An item that was passed
//! untouched might as well not be in the list, which makes it one of the lists that are shorter. Up to
//! [`in_order`] items every order is walked, and it is seen that what follows does not depend on the order of
//! what was touched on one side of the packages; of longer lists one order stands for all.

use std::collections::{HashMap, VecDeque};
use std::mem::{Discriminant, discriminant};

use super::*;

/// The longest list.
const LONGEST: usize = 8;
/// The longest list whose items are told apart by their order; in the long run one item more.
fn in_order() -> usize {
    if is_long() { 5 } else { 4 }
}

fn is_long() -> bool {
    std::env::var_os("CONSIGN_LONG").is_some()
}

/// What an item can be: whether it can be taken back, and whether that loses data. Longer lists than [`in_order`] are
/// made of the first two, and of all three in the long run.
const KINDS: [(bool, bool); 3] = [(true, false), (true, true), (false, false)];

/// A state of the table, with what its past is asked about.
#[derive(Clone)]
struct Node {
    upgrade: Upgrade,
    /// Its gates were satisfied, or somebody has retried it since.
    opened: bool,
}

/// Everything that decides what can follow, and nothing else.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    state: Discriminant<State>,
    activity: Option<u8>,
    in_order: bool,
    place: Option<usize>,
    opened: bool,
    packages: u8,
    ever_left: bool,
    items: Vec<Counted>,
}

/// An item that counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Counted {
    NotReached,
    Packages,
    Touched { packages: bool, undo: bool, no_return: bool },
}

impl Key {
    fn without_order(mut self) -> Key {
        self.items.chunk_by_mut(|a, b| a.is_step() && b.is_step()).for_each(|side| side.sort_unstable());
        Key { in_order: false, ..self }
    }
}

impl Counted {
    fn is_step(&self) -> bool {
        matches!(self, Counted::Touched { packages: false, .. })
    }
}

fn header_with(length: usize, packages: usize) -> Header {
    let name = |i| if i == packages { "packages".to_owned() } else { format!("step-{i}") };
    let names: Vec<String> = (0..length).map(name).collect();
    let mut header = header_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    header.items.iter_mut().for_each(|item| (item.undo, item.no_return) = KINDS[0]);
    header
}

/// The item that is next, or the one that is taken back.
fn place(state: &State) -> Option<i64> {
    match state {
        State::Forward { item, .. } | State::Waiting { item } | State::Halted { item, .. } => Some(index(*item)),
        State::Backward { item, .. } | State::Stuck { item, .. } => Some(*item),
        _ => None,
    }
}

impl Node {
    fn begin(header: Header) -> Node {
        Node { upgrade: Upgrade::begin(header), opened: false }
    }

    fn touched(&self, item: usize) -> bool {
        self.upgrade.touched(item, &self.upgrade.header.items[item])
    }

    fn key(&self) -> Key {
        let (upgrade, at) = (&self.upgrade, place(&self.upgrade.state));
        let mut key = Key {
            state: discriminant(&upgrade.state),
            activity: match upgrade.state {
                State::Forward { activity, .. } | State::Backward { activity, .. } => Some(activity as u8),
                _ => None,
            },
            in_order: upgrade.header.items.len() <= in_order(),
            place: None,
            opened: self.opened,
            packages: upgrade.packages as u8,
            ever_left: upgrade.ever_left_before,
            items: Vec::new(),
        };
        for (number, item) in upgrade.header.items.iter().enumerate() {
            if at == Some(index(number)) {
                key.place = Some(key.items.len());
            }
            let is_ahead = at.is_none_or(|at| index(number) >= at);
            key.items.extend(match (self.touched(number), item.packages) {
                (true, packages) => Some(Counted::Touched { packages, undo: item.undo, no_return: item.no_return }),
                (false, true) => Some(Counted::Packages),
                (false, false) => is_ahead.then_some(Counted::NotReached),
            });
        }
        if key.in_order { key } else { key.without_order() }
    }

    fn of_kind(&self, item: usize, (undo, no_return): (bool, bool)) -> Node {
        let mut node = self.clone();
        let item = &mut node.upgrade.header.items[item];
        (item.undo, item.no_return) = (undo, no_return);
        // They are looked for before anything is stopped; what is found decides whether they can be put back.
        if item.packages {
            node.upgrade.packages_missing = undo.then(Vec::new);
        }
        node
    }

    fn after(&self, event: &Event) -> Option<Node> {
        let state = self.upgrade.next(event)?;
        let mut next = self.clone();
        next.upgrade.apply(event).unwrap();
        assert_eq!(next.upgrade.state, state);
        next.opened = match (event, &state) {
            (Event::Cleared | Event::Retry { .. }, _) => true,
            (_, State::Planned | State::Held) => false,
            _ => self.opened,
        };
        forget_counts(&mut next.upgrade);
        Some(next)
    }

    fn kinds(&self) -> &'static [(bool, bool)] {
        let is_short = self.upgrade.header.items.len() <= in_order();
        if is_short || is_long() { &KINDS } else { &KINDS[..2] }
    }

    /// Where an event leads, for each thing that the item it touches first can be.
    fn outcomes(&self, event: &Event) -> Vec<Node> {
        let touches = match event {
            Event::StepStarted { item, .. } => Some((*item, self.kinds())),
            Event::Packages { observed, .. } if *observed != Before => {
                Some((self.upgrade.packages_item(), &[KINDS[0], KINDS[2]][..]))
            }
            _ => None,
        };
        if self.upgrade.next(event).is_none() {
            return Vec::new();
        }
        match touches.filter(|(item, _)| !self.touched(*item)) {
            Some((item, kinds)) => kinds.iter().filter_map(|kind| self.of_kind(item, *kind).after(event)).collect(),
            None => self.after(event).into_iter().collect(),
        }
    }

    /// Every event that is about where it stands or one item beside, and about the packages.
    fn events(&self) -> Vec<Event> {
        let length = index(self.upgrade.header.items.len());
        let at = place(&self.upgrade.state).unwrap_or(0);
        let mut items = vec![at - 1, at, at + 1, index(self.upgrade.packages_item())];
        items.sort_unstable();
        items.dedup();
        items.retain(|item| (-1..length).contains(item));
        let mut events = events_about(&self.upgrade, &items);
        events.retain(|event| !matches!(event, Event::PackagesKept { .. }));
        events
    }
}

/// Everything that can be reached, by number, and what leads where.
#[derive(Default)]
struct Graph {
    numbers: HashMap<Key, usize>,
    over: Vec<usize>,
    steps: Vec<(usize, usize)>,
}

impl Graph {
    fn explore(begin: impl IntoIterator<Item = Header>, check: impl Fn(&Node, &Event, &Node)) -> Graph {
        let mut graph = Graph::default();
        let mut open = VecDeque::new();
        for header in begin {
            graph.number(Node::begin(header), &mut open);
        }
        while let Some((from, node)) = open.pop_front() {
            assert_one_next(&node.upgrade);
            for event in node.events() {
                for next in node.outcomes(&event) {
                    check(&node, &event, &next);
                    let to = graph.number(next, &mut open);
                    // Neither the next release nor a person who gives up is a way out.
                    if !matches!(event, Event::Superseded { .. } | Event::Rescued { .. }) {
                        graph.steps.push((from, to));
                    }
                }
            }
        }
        graph
    }

    fn number(&mut self, node: Node, open: &mut VecDeque<(usize, Node)>) -> usize {
        let next = self.numbers.len();
        let number = *self.numbers.entry(node.key()).or_insert(next);
        if number == next {
            match node.upgrade.state {
                State::Completed | State::Cancelled | State::RolledBack => self.over.push(number),
                State::Superseded { .. } | State::Rescued { .. } => self.over.push(number),
                _ => {}
            }
            open.push_back((number, node));
        }
        number
    }

    /// States that differ in nothing but the order of what was touched, and lead to different ones.
    fn differ_by_order(&self) -> usize {
        let mut alike: HashMap<Key, usize> = HashMap::new();
        let mut stands_for = vec![0; self.numbers.len()];
        for (key, number) in &self.numbers {
            let next = alike.len();
            stands_for[*number] = *alike.entry(key.clone().without_order()).or_insert(next);
        }
        let mut leads = vec![BTreeSet::new(); self.numbers.len()];
        for (from, to) in &self.steps {
            leads[*from].insert(stands_for[*to]);
        }
        let mut first: Vec<Option<&BTreeSet<usize>>> = vec![None; alike.len()];
        let mut differ = 0;
        for (number, leads) in leads.iter().enumerate() {
            differ += usize::from(*first[stands_for[number]].get_or_insert(leads) != leads);
        }
        differ
    }

    /// Those from which no end can be reached.
    fn dead_ends(&self) -> usize {
        let mut back = vec![Vec::new(); self.numbers.len()];
        self.steps.iter().for_each(|(from, to)| back[*to].push(*from));
        let mut leads_out = vec![false; self.numbers.len()];
        let mut open = self.over.clone();
        while let Some(number) = open.pop() {
            if !std::mem::replace(&mut leads_out[number], true) {
                open.extend(&back[number]);
            }
        }
        leads_out.iter().filter(|leads| !**leads).count()
    }
}

/// Of everything that could be begun in a state at most one thing can, and under one number.
fn assert_one_next(upgrade: &Upgrade) {
    let mut can_begin = Vec::new();
    let length = index(upgrade.header.items.len());
    for item in -1..length {
        for more in 0..3 {
            can_begin.push(Event::UndoStarted { item, attempt: upgrade.undo_attempts(item) + more });
            if let Ok(item) = usize::try_from(item) {
                can_begin.push(Event::StepStarted { item, attempt: upgrade.attempts(item) + more });
            }
        }
    }
    can_begin.retain(|event| upgrade.next(event).is_some());
    assert!(can_begin.len() <= 1, "{:?}: {can_begin:?}", upgrade.state);
}

/// What holds of every step from one state to the next.
fn assert_sound(node: &Node, event: &Event, next: &Node) {
    let (from, to) = (&node.upgrade, &next.upgrade);
    let packages = index(from.packages_item());
    let told = || format!("{:?} and {event:?} in {:?}", from.state, from.header.items);
    if matches!(event, Event::StepStarted { .. } | Event::StepSkipped { .. }) {
        assert!(node.opened, "a step before its gates: {}", told());
    }
    let (was, is) = (place(&from.state), place(&to.state));
    if matches!(to.state, State::Forward { .. }) && is > Some(packages) && was.is_none_or(|was| was <= packages) {
        assert!(to.packages == After, "past the packages without them: {}", told());
    }
    let touched = |range: std::ops::Range<i64>| {
        (0..to.header.items.len())
            .filter(|item| range.contains(&index(*item)) && next.touched(*item))
            .collect::<Vec<_>>()
    };
    match (&from.state, &to.state) {
        (State::Backward { item, .. }, State::Backward { item: below, .. }) if item != below => {
            assert!(matches!(event, Event::UndoSucceeded { .. }), "{}", told());
            assert!(below < item && touched(below + 1..*item).is_empty(), "an undo is left out: {}", told());
        }
        (State::Backward { .. } | State::Stuck { .. }, State::Backward { .. }) => {}
        (_, State::Backward { item, .. }) => {
            let accepts = matches!(event, Event::RollbackRequested { accepts_data_loss: true, .. });
            let bound = |item: &usize| !to.header.items[*item].undo || (to.header.items[*item].no_return && !accepts);
            assert!(!touched(0..i64::MAX).iter().any(bound), "back where it is not allowed: {}", told());
            assert!(touched(item + 1..i64::MAX).is_empty(), "an undo is left out: {}", told());
        }
        (State::Backward { item, .. }, State::Cancelled | State::RolledBack) => assert_eq!(*item, -1, "{}", told()),
        _ => {}
    }
    let is_forward = |state: &State| matches!(state, State::Forward { .. });
    if is_forward(&from.state) && is_forward(&to.state) && is > was {
        assert_eq!(is, was.map(|was| was + 1), "an item is left out: {}", told());
    }
}

fn lists(lengths: std::ops::RangeInclusive<usize>) -> impl Iterator<Item = Header> {
    lengths.flat_map(|length| (0..length).map(move |packages| header_with(length, packages)))
}

#[test]
fn every_list_of_up_to_eight_items_ends_and_keeps_to_the_rules_on_its_way() {
    let graph = Graph::explore(lists(1..=in_order()), assert_sound);
    assert_eq!((graph.dead_ends(), graph.differ_by_order()), (0, 0), "of {} states", graph.numbers.len());
    let longer = Graph::explore(lists(in_order() + 1..=LONGEST), assert_sound);
    assert_eq!(longer.dead_ends(), 0, "of {} states", longer.numbers.len());
    let states = (graph.numbers.len(), longer.numbers.len());
    assert!(states.0 > 1_000 && states.1 > 10_000, "only {states:?} states");
}

/// Events about any other item than the next have no place, whatever the list: the walk above leaves them out.
#[test]
fn an_event_about_another_item_has_no_place() {
    let all: Vec<i64> = (-1..3).collect();
    let graph = Graph::explore(lists(3..=3), |_, _, next| {
        let nearby = next.events();
        let others = events_about(&next.upgrade, &all);
        for event in others.into_iter().filter(|event| !matches!(event, Event::PackagesKept { .. })) {
            assert!(next.upgrade.next(&event).is_none() || nearby.contains(&event), "{event:?}");
        }
    });
    assert_eq!(graph.dead_ends(), 0);
}
