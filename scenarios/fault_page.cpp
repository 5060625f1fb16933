#include "scenarios/fault_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "scenarios/connection_faults.h"
#include "scenarios/fault_records.h"

namespace stormproof::scenarios {
namespace {

constexpr std::string_view introduction = R"(# Faults

*This page is printed by `stormproof schema --faults`, from the tables that check a scenario. Every example on it is tested.*

A fault stands in a phase's `faults`. It names a dependency, what goes wrong with the messages between it and the service, which
requests are hit, when, and how many. It begins with its phase and is healed at the phase's end, whatever happens.

    phases:
      - name: payments answer nonsense
        for: 30s
        faults:
          - {on: payments, truncate: {at: 50%}, share: 20%, routes: ["POST /charges/{id}"]}

**Which requests.** The unit is a request. A decision is a function of the run's seed, the rule and the request's identity, and of nothing
else: not of the order of requests, of concurrency, or of other rules. The identity is the method, the target, the trace id of
`traceparent`, and the how-manieth try it is. `first`, `every`, `at-most` and `throttle` count in the order in which requests come,
and so cannot be told before. `stormproof plan SCENARIO --seed N` names the requests that will be hit; `--check RUN` compares a run's
ledger with what its rules draw; `stormproof run --replay-faults RUN` hits the same requests again.

**In what order.** The delays of all rules that hit a request add up; then the first `abort` or `throttle` answers. Else the request is
changed and sent. The response is changed first (`change-response`, `stale`, `huge-head`), then sent in one broken way (the first of
`no-answer`, `framing`, `truncate`, `duplicate`), then slowly (`slow`).

**Limits.** A message that a fault needs whole is held up to 1 MiB; a larger one passes as it came, and the ledger says why nothing was
done. Every wait ends when the faults are healed or the client leaves.

**The ledger.** Each decision, also the one to spare a request, is stored with the run with its effect: by how much a message was held, how
many bytes were sent and cut, or why nothing could be done.
)";

constexpr std::string_view connections = R"(
## What goes wrong with a connection

These stand under a fault's `connection`, exactly one in each fault, and are about the bytes between the service and the dependency's proxy,
whatever they mean. The unit is a connection: `share` is one of connections, drawn from the run's seed, the rule and the connection's number at that
proxy (the n-th since the run began), and of nothing else. `after`, `for` and `ramp` say when; methods, paths and counts are for messages. A connection that lives
when the fault begins is hit like a new one, but by `open` (a refusal resets it) and `tls`. When the fault ends, what it held goes on, in order;
a connection whose bytes it has lost is closed.

`direction: request` is what the service sends, `direction: response` (the default) what it gets. A connect that fails for want of a listener is not among
these: the proxy's kernel accepts, and `open: {refuse: true}` resets what it accepted, so that the harness sees and counts it.

**The ledger** has an entry a connection and rule, once either ends: spared, or the effect with the bytes that passed, the bytes that were cut and
the longest delay. **In the log** a call ends when the service has its answer: a response that a fault holds back ends late, one that it swallows is no
answered call, and a request or a connection that never reached the proxy's reader is a call that failed.

**TLS** (`tls`) needs a dependency with `tls: {authority: FILE}`: the proxy then shows certificates of stormproof's own authority, which the service is told to
trust. A service that goes on in spite of a wrong certificate is named in the ledger: `the client accepted the certificate`.

)";

constexpr std::string_view processes = R"(
## What happens to the program

These stand in a phase's `processes`, and are about the program that stormproof started (`candidate.command`); `command` is for what it did not
start. What takes down the only instance of the service needs `even-the-last: true`.

Before a fault acts, its undo is written to a journal (`RUN.journal` in the output folder) and a watchdog, a second process of stormproof, waits
for the end of the run: where the run is killed, also with SIGKILL, it undoes what is pending. `stormproof heal FOLDER` does the same by
hand. After each phase it is looked whether all is undone; what is not is a note in the report. Where the machine has no cgroup v2 that
stormproof may write, `cpu` and `memory` are refused before anything is sent.

`network` is about the packets between stormproof and a program that runs in a network of its own (`candidate.network`): a namespace and a
pair of links that stormproof makes for the run and takes away after it. Nothing else is ever hurt. Loss and partition are rules of nftables; delay, duplication and
reordering need tc netem. Where the right or the kernel's part is missing, the run is refused with a sentence before anything is sent.
)";

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

void put_fields(const Record& record, std::string& page) {
  for (const Key& key : record.keys) {
    fmt::format_to(std::back_inserter(page), "- {}{}: {} For example {}.\n", code(key.name),
                   key.required ? " (required)" : "", key.says, code(fmt::format("{}: {}", key.name, key.example)));
  }
}

std::string item(const Key& key, bool of_process) {
  std::string extra;
  const bool takes_down =
      key.name == "kill" || key.name == "terminate" || key.name == "pause" || key.name == "crash-loop";
  if (of_process && takes_down) extra = ", even-the-last: true";
  return fmt::format("{{{}{}: {}{}}}", of_process ? "" : "on: payments, ", key.name, key.example, extra);
}

void put_fault(const Key& key, bool of_process, std::string& page) {
  fmt::format_to(std::back_inserter(page), "\n### {}\n\n{}\n\n    - {}\n\n", key.name, key.says, item(key, of_process));
  if (key.shape.map == nullptr) return;
  if (!key.shape.map->says.empty() && key.shape.map->says != key.says)
    fmt::format_to(std::back_inserter(page), "{}\n\n", key.shape.map->says);
  put_fields(*key.shape.map, page);
}

bool is_fault(const Key& key) {
  const auto& kinds = process_fault().choice->of;
  return std::find(kinds.begin(), kinds.end(), key.name) != kinds.end();
}

bool is_kind_of_connection(const Key& key) {
  const auto& kinds = connection_fault().choice->of;
  return std::find(kinds.begin(), kinds.end(), key.name) != kinds.end();
}

std::string connection_item(const Key& key) {
  return fmt::format("{{on: payments, connection: {{{}: {}}}}}", key.name, key.example);
}

void put_connection_fault(const Key& key, std::string& page) {
  fmt::format_to(std::back_inserter(page), "\n### {}\n\n{}\n\n    - {}\n\n", key.name, key.says, connection_item(key));
  if (key.shape.map != nullptr) put_fields(*key.shape.map, page);
}

}  // namespace

std::string fault_page() {
  std::string page(introduction);
  page += "\n## What goes wrong with a message\n";
  for (const Key& key : message_fault_keys()) put_fault(key, false, page);
  page += connections;
  for (const Key& key : connection_fault().keys) {
    if (is_kind_of_connection(key)) put_connection_fault(key, page);
  }
  page += "\n## Which requests, when, how many\n\n";
  for (const Key& key : targeting_keys()) {
    fmt::format_to(std::back_inserter(page), "- {}: {} For example {}.\n", code(key.name), key.says,
                   code(fmt::format("{}: {}", key.name, key.example)));
  }
  page += processes;
  for (const Key& key : process_fault().keys) {
    if (is_fault(key)) put_fault(key, true, page);
  }
  page += "\n";
  for (const Key& key : process_fault().keys) {
    if (!is_fault(key)) fmt::format_to(std::back_inserter(page), "- {}: {}\n", code(key.name), key.says);
  }
  return page;
}

std::vector<FaultExample> fault_examples() {
  std::vector<FaultExample> examples;
  for (const Key& key : message_fault_keys()) examples.push_back({false, std::string(key.name), item(key, false)});
  for (const Key& key : connection_fault().keys) {
    if (is_kind_of_connection(key)) examples.push_back({false, std::string(key.name), connection_item(key)});
  }
  for (const Key& key : targeting_keys()) {
    examples.push_back({false, std::string(key.name),
                        fmt::format("{{on: payments, abort: {{status: 503}}, {}: {}}}", key.name, key.example)});
  }
  for (const Key& key : process_fault().keys) {
    if (is_fault(key)) examples.push_back({true, std::string(key.name), item(key, true)});
  }
  return examples;
}

}  // namespace stormproof::scenarios
