// What is no YAML, or no text: one message, at the mistake and not where YAML gave up.
#include "tests/scenarios/golden.h"

namespace stormproof::scenarios {
namespace {

constexpr golden::Case cases[] = {
    {"Nothing", golden::whole, "",
     R"(
s.yaml:1:1: error: the scenario is empty
    1 | 
      | ^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: begin with version: 1
)"},
    {"OnlyComments", golden::whole, "# version: 1\n",
     R"(
s.yaml:1:1: error: the scenario is empty
    1 | # version: 1
      | ^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: begin with version: 1
)"},
    {"AText", golden::whole, "hello\n",
     R"(
s.yaml:1:1: error: a scenario is a map of fields, not a text
    1 | hello
      | ^^^^^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: begin with version: 1
)"},
    {"AList", golden::whole, "- version: 1\n",
     R"(
s.yaml:1:1: error: a scenario is a map of fields, not a list
    1 | - version: 1
      | ^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: begin with version: 1
)"},
    {"ANull", golden::whole, "~\n",
     R"(
s.yaml:1:1: error: the scenario is empty
    1 | ~
      | ^
  allowed: version, name, owner, tags, topology, traffic, steady-state, phases, expect, comparison, caps, gate
  hint: begin with version: 1
)"},
    {"OpenBracket", "[./shop, --port, 8082]", "[./shop, --port, 8082",
     R"(
s.yaml:6:56: error: '[' is not closed by the '}' on line 6
    6 |     candidate: {url: "http://127.0.0.1:8082", command: [./shop, --port, 8082}
      |                                                        ^
  hint: a ']' is missing before column 77
)"},
    {"OpenBrace", "abort: {status: 503}, share", "abort: {status: 503, share",
     R"(
s.yaml:18:14: error: '{' is not closed by the ']' on line 18
   18 |     faults: [{on: ledger, abort: {status: 503, share: 100%}]
      |              ^
  hint: a '}' is missing before column 60
)"},
    {"OpenAtEnd", "expect: [{errors: {at-most: 0.1%}}]\n", "expect: [{errors: {at-most: 0.1%}}\n",
     R"(
s.yaml:14:11: error: '[' is never closed
   14 |   expect: [{errors: {at-most: 0.1%}}
      |           ^
)"},
    {"StrayBracket", "rate: 200/s", "rate: 200/s]",
     R"(
s.yaml:11:9: error: '200/s]' has the unknown unit '/s]'; a rate is in /s, /m, /h
   11 |   rate: 200/s]
      |         ^^^^^^
)"},
    {"StrayBracketStart", "rate: 200/s", "rate: ]",
     R"(
s.yaml:11:9: error: ']' closes nothing
   11 |   rate: ]
      |         ^
)"},
    {"OpenQuote", R"("127.0.0.1:19001")", R"("127.0.0.1:19001)",
     R"(
s.yaml:8:50: error: a comma is missing here, or a quote before it
    8 |     ledger: {proxy: "127.0.0.1:19001, upstream: "http://127.0.0.1:9001"}
      |                                                  ^
  hint: between brackets, commas stand between the items; texts with , : [ ] { } need quotes
)"},
    {"OpenSingle", "name: ledger outage", "name: 'ledger outage",
     R"(
s.yaml:2:7: error: the text that begins with ' is never closed
    2 | name: 'ledger outage
      |       ^
  hint: a quote is missing at its end
)"},
    {"CommaMissing", "on: ledger, abort", "on: ledger abort",
     R"(
s.yaml:18:26: error: a comma is missing before this key
   18 |     faults: [{on: ledger abort: {status: 503}, share: 100%}]
      |                          ^^^^^
)"},
    {"CommaMissing2", "[./shop, --port, 8082]", R"(["./shop" --port, 8082])",
     R"(
s.yaml:6:66: error: a comma is missing here, or a quote before it
    6 |     candidate: {url: "http://127.0.0.1:8082", command: ["./shop" --port, 8082]}
      |                                                                  ^
  hint: between brackets, commas stand between the items; texts with , : [ ] { } need quotes
)"},
    {"Tab", "  rate: 200/s", "\trate: 200/s",
     R"(
s.yaml:11:1: error: a tab in the indentation; YAML indents with spaces
   11 | 	rate: 200/s
      | ^
)"},
    {"TwoColons", "name: ledger outage", "name: ledger: outage",
     R"(
s.yaml:2:13: error: a second ':' in one value
    2 | name: ledger: outage
      |             ^
  hint: put quotes around a text that has ': ' in it, or begin a new line
)"},
    {"Deeper", "    for: 20s\n", "      for: 20s\n",
     R"(
s.yaml:17:7: error: this key stands below a value, on line 16, that has no fields
   17 |       for: 20s
      |       ^^^
  hint: check the indentation: fields of one map begin in the same column
)"},
    {"Shallower", "    for: 20s\n", "   for: 20s\n",
     R"(
s.yaml:17:4: error: this line begins in a column that no line above begins in
   17 |    for: 20s
      |    ^
  hint: check the indentation: fields of one map begin in the same column
)"},
    {"NoSpace", "  rate: 200/s", "  rate:200/s",
     R"(
s.yaml:11:7: error: a space is missing after this ':'
   11 |   rate:200/s
      |       ^
)"},
    {"NoSpaceFirst", "version: 1", "version:1",
     R"(
s.yaml:1:8: error: a space is missing after this ':'
    1 | version:1
      |        ^
)"},
    {"AtSign", "name: ledger outage", "name: @ledger",
     R"(
s.yaml:2:7: error: a value cannot begin with '@'
    2 | name: @ledger
      |       ^
  hint: put quotes around the value
)"},
    {"Percent", "name: ledger outage", "name: %ledger",
     R"(
s.yaml:2:7: error: a value cannot begin with '%'
    2 | name: %ledger
      |       ^
  hint: put quotes around the value
)"},
    {"AfterQuote", "name: ledger outage", R"(name: "ledger" outage)",
     R"(
s.yaml:2:16: error: text after the closing quote
    2 | name: "ledger" outage
      |                ^
  hint: put the quotes around the whole text
)"},
    {"ItemOnKey", "    expect:\n      - circuit", "    expect: - circuit",
     R"(
s.yaml:19:13: error: a list cannot begin here
   19 |     expect: - circuit-breaker: {on: ledger, opens-within: 3s}
      |             ^
  hint: begin the list on a line of its own, or put [ ] around it
)"},
    {"ItemDepth", "      - latency: {p99: 400ms}", "    - latency: {p99: 400ms}",
     R"(
s.yaml:21:5: error: a list item where a field was expected
   21 |     - latency: {p99: 400ms}
      |     ^
  hint: check the indentation: items of one list begin in the same column
)"},
    {"ItemDepth2", "      - latency: {p99: 400ms}", "     - latency: {p99: 400ms}",
     R"(
s.yaml:21:6: error: a list item where a field was expected
   21 |      - latency: {p99: 400ms}
      |      ^
  hint: check the indentation: items of one list begin in the same column
)"},
    {"Variable", "[./shop, --port, 8082]", "[./shop, --port, ${PORT:-8082}]",
     R"(
s.yaml:6:73: error: '${…}' between brackets needs quotes
    6 |     candidate: {url: "http://127.0.0.1:8082", command: [./shop, --port, ${PORT:-8082}]}
      |                                                                         ^^^^^^^^^^^^^
  hint: write "${PORT:-8082}"
)"},
    {"Variable2", "{on: ledger, abort", "{on: ${X}, abort",
     R"(
s.yaml:18:19: error: '${…}' between brackets needs quotes
   18 |     faults: [{on: ${X}, abort: {status: 503}, share: 100%}]
      |                   ^^^^
  hint: write "${X}"
)"},
    {"UnknownAnchor", "rate: 200/s", "rate: *fast",
     R"(
s.yaml:11:9: error: this alias names no anchor
   11 |   rate: *fast
      |         ^^^^^
  hint: an anchor '&name' stands before its alias '*name'; put quotes around a text that begins with *
)"},
    {"SelfAlias", "[./shop, --port, 8082]", "&c [./shop, *c]",
     R"(
s.yaml:6:68: error: an alias within its own anchor
    6 |     candidate: {url: "http://127.0.0.1:8082", command: &c [./shop, *c]}
      |                                                                    ^^
)"},
    {"Tag", "rate: 200/s", "rate: !!str 200/s",
     R"(
s.yaml:11:9: error: tags ('!…') are not part of the language
   11 |   rate: !!str 200/s
      |         ^^^^^
  hint: put quotes around a text that begins with !
)"},
    {"SecondDocument", "phases:\n", "---\nphases:\n",
     R"(
s.yaml:15:1: error: a second document; a file holds one scenario
   15 | ---
      | ^^^
)"},
    {"AfterEnd", golden::whole, "{version: 1}\nname: x\n",
     R"(
s.yaml:2:1: error: text after the end of the scenario
    2 | name: x
      | ^
  hint: check the indentation: fields of one map begin in the same column
)"},
    {"Directive", golden::whole, "%YAML 1.2\n---\nversion: 1\n",
     R"(
s.yaml:3:1: error: the scenario lacks 'name', 'topology', 'traffic', 'steady-state', 'phases'
    3 | version: 1
      | ^^^^^^^
  hint: for example name: checkout survives a payments outage
)"},
    {"Directive2", golden::whole, "%FOO\n",
     R"(
s.yaml:1:1: error: a line that begins with '%' is a YAML directive; a scenario has none
    1 | %FOO
      | ^
)"},
    {"Carriage", "200/s\n", "200/s\rx\n",
     R"(
s.yaml:11:14: error: a carriage return without a line feed; end lines with LF or CRLF
   11 |   rate: 200/s?x
      |              ^
)"},
    {"Control", "ledger outage", "ledger \x1b[31m outage",
     R"(
s.yaml:2:14: error: control character U+001B
    2 | name: ledger ?[31m outage
      |              ^
  hint: take it out, or write it as an escape between double quotes
)"},
    {"NotUtf8", "ledger outage", "ledger \xff outage",
     R"(
s.yaml:2:14: error: byte 0xff is not UTF-8
    2 | name: ledger ? outage
      |              ^
  hint: save the file as UTF-8
)"},
    {"Escape", "name: ledger outage", R"(name: "ledger \q outage")",
     R"(
s.yaml:2:15: error: '\q' is not an escape
    2 | name: "ledger \q outage"
      |               ^^
  hint: write \\ for a backslash, or put the text between single quotes
)"},
    {"Deep", "name: ledger outage",
     "name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
     R"(
s.yaml:2:38: error: nested deeper than 32 levels
    2 | name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
      |                                      ^
)"},
    {"Mismatch", "[{errors: {at-most: 0.1%}}]", "[{errors: {at-most: 0.1%]}]",
     R"(
s.yaml:14:21: error: '{' is not closed by the ']' on line 14
   14 |   expect: [{errors: {at-most: 0.1%]}]
      |                     ^
  hint: a '}' is missing before column 35
)"},
    {"InvalidUtf8Twice", "name: ledger outage\ntopology", "name: \xff\xff\nowner: \xfe\ntopology",
     R"(
s.yaml:2:7: error: byte 0xff is not UTF-8
    2 | name: ??
      |       ^
  hint: save the file as UTF-8
s.yaml:3:8: error: byte 0xfe is not UTF-8
    3 | owner: ?
      |        ^
  hint: save the file as UTF-8
)"},
    {"TabsTwice", "  rate: 200/s\nsteady-state:\n  for", "\trate: 200/s\nsteady-state:\n  \tfor",
     R"(
s.yaml:11:1: error: a tab in the indentation; YAML indents with spaces
   11 | 	rate: 200/s
      | ^
s.yaml:13:3: error: a tab in the indentation; YAML indents with spaces
   13 |   	for: 20s
      |   ^
)"},
};

INSTANTIATE_TEST_SUITE_P(Syntax, Golden, testing::ValuesIn(cases), golden::name_of);

}  // namespace
}  // namespace stormproof::scenarios
