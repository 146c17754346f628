//! Runs every parser on its worst inputs in three lengths, each eight times the previous one. `scripts/count-growth`
//! runs this under valgrind, which counts the instructions of each call of `counted_call` separately.
//!
//! ```text
//! growth                      # the names of the parsers
//! growth Vary::parse CacheTags    # calls them, and prints one line for each input
//! ```
#![allow(clippy::unwrap_used)] // As in any test.

mod input;
mod layers;
mod parsers;

use std::collections::HashMap;
use std::process::ExitCode;

use self::input::{Input, LENGTHS, SHAPES, Shape};

/// A parser, the function that calls it, and its inputs.
struct Parser {
    name: &'static str,
    parse: Box<dyn Fn(&Input)>,
    shapes: &'static [Shape],
}

impl Parser {
    fn new<R>(name: &'static str, parse: impl Fn(&Input) -> R + 'static) -> Self {
        Self { name, parse: Box::new(move |input| _ = std::hint::black_box(parse(input))), shapes: SHAPES }
    }

    fn on(self, shapes: &'static [Shape]) -> Self {
        Self { shapes, ..self }
    }
}

fn main() -> ExitCode {
    let parsers: Vec<Parser> = parsers::all().into_iter().chain(layers::all()).collect();
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !parsers.iter().any(|known| known.name == *name)) {
        eprintln!("error: no parser {unknown:?}");
        return ExitCode::FAILURE;
    }
    if asked.is_empty() {
        parsers.iter().for_each(|parser| println!("{}", parser.name));
        return ExitCode::SUCCESS;
    }
    let mut inputs: HashMap<String, Vec<Input>> = HashMap::new();
    for Parser { name, parse, shapes } in parsers.iter().filter(|parser| asked.iter().any(|name| parser.name == name)) {
        // The first call includes all one-time work.
        parse(&SHAPES[0].input(64));
        for shape in *shapes {
            // Created once, because under valgrind this takes longer than most parsers.
            let made =
                inputs.entry(shape.to_string()).or_insert_with(|| LENGTHS.map(|bytes| shape.input(bytes)).into());
            made.iter().for_each(|input| counted_call(parse, input));
            println!("{name}\t{shape}");
        }
    }
    ExitCode::SUCCESS
}

/// The name under which valgrind finds the calls.
#[inline(never)]
fn counted_call(parse: &dyn Fn(&Input), input: &Input) {
    parse(input);
    // Without this statement, the compiler would turn the call into a jump.
    std::hint::black_box(());
}
