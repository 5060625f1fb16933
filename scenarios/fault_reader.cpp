#include "scenarios/fault_reader.h"

#include <fmt/format.h>

#include "faults/client.h"
#include "harness/base/units.h"
#include "scenarios/connection_faults.h"
#include "scenarios/reading.h"

namespace stormproof::scenarios {
namespace {

void check_no_zero(const Node& fault, std::string_view key, std::string_view why, Complaints& complaints) {
  const Node& node = in(fault, key);
  if (value<std::int64_t>(node) == std::int64_t{0}) complaints.add(node.place, fmt::format("'{}' is 0: {}", key, why));
}

void check_clients(const Node& list, Complaints& complaints) {
  for (const Node& item : list.items) {
    const auto text = value<std::string>(item);
    if (!text) continue;
    if (!faults::Network::parse(*text))
      complaints.add(item.place,
                     fmt::format("{} is no address or network; write it like 10.0.0.0/8", in_quotes(*text)));
  }
}

ChangeFault change(const Node& node, Complaints& complaints) {
  ChangeFault fault;
  put(fault.method, in(node, "method"));
  put(fault.path, in(node, "path"));
  const Node& status = in(node, "status");
  if (const auto code = value<std::int64_t>(status)) fault.status = static_cast<int>(*code);
  if (fault.status == 204 || fault.status == 304)
    complaints.add(status.place, fmt::format("an answer cannot become a {}: it has no body", *fault.status));
  if (fault.method == "HEAD" || fault.method == "CONNECT")
    complaints.add(in(node, "method").place,
                   fmt::format("a request cannot become a {}: its answer has other framing", fault.method));
  fault.headers = text_map(in(node, "headers"));
  fault.without = texts(in(node, "without"));
  fault.body = value<std::string>(in(node, "body"));
  fault.merge = value<std::string>(in(node, "merge"));
  return fault;
}

TruncateFault truncate(const Node& node, Complaints& complaints) {
  TruncateFault fault;
  put(fault.at, in(node, "at"));
  fault.bytes = count_in(in(node, "bytes"));
  fault.legal = value<std::string>(in(node, "framing")) == "legal";
  if (fault.bytes && at(node, "at") != nullptr)
    complaints.add(in(node, "bytes").place, "'bytes' cannot stand beside 'at': both say how much is left");
  if (fault.at >= 1) complaints.add(in(node, "at").place, "100% of the body is left: nothing is cut");
  return fault;
}

void read_network_fault(const Node& node, ProcessFault& fault, Complaints& complaints) {
  fault.kind = ProcessFault::Kind::network;
  put(fault.network.loss, in(node, "loss"));
  put(fault.network.duplicate, in(node, "duplicate"));
  put(fault.network.reorder, in(node, "reorder"));
  put(fault.network.delay, in(node, "delay"));
  put(fault.network.jitter, in(node, "jitter"));
  put(fault.network.partition, in(node, "partition"));
  put(fault.lasting, in(node, "for"));
  if (fault.network.reorder > 0 && at(node, "delay") == nullptr)
    complaints.add(in(node, "reorder").place, "'reorder' needs 'delay': a packet overtakes those that are late");
  if (fault.network.jitter > fault.network.delay)
    complaints.add(in(node, "jitter").place, "the jitter is larger than the delay");
  if (at(node, "partition") != nullptr && !fault.network.partition)
    complaints.add(in(node, "partition").place, "'partition' is false: nothing would happen");
  for (const std::string_view key : {"loss", "duplicate", "reorder"}) {
    if (value<double>(in(node, key)) == 0.0)
      complaints.add(in(node, key).place, fmt::format("'{}' is 0%: nothing would happen", key));
    if (fault.network.partition && at(node, key) != nullptr)
      complaints.add(in(node, key).place, fmt::format("'{}' cannot stand beside 'partition': nothing passes", key));
  }
}

}  // namespace

LatencyFault read_latency_fault(const Node& node, Complaints& complaints) {
  LatencyFault fault;
  fault.at_response = value<std::string>(in(node, "at")) == "response";
  const faults::Distribution delay = read_delay(node, complaints);
  using Kind = faults::Distribution::Kind;
  const bool even = delay.kind == Kind::fixed || delay.kind == Kind::uniform;
  if (even && delay.at_most == faults::Distribution::longest) {
    fault.base = delay.base;
    fault.jitter = delay.jitter;
  } else {
    fault.drawn = delay;
  }
  return fault;
}

AbortFault read_abort_fault(const Node& node, Complaints& complaints) {
  AbortFault fault;
  fault.status = static_cast<int>(value<std::int64_t>(in(node, "status")).value_or(fault.status));
  const Node& body = in(node, "body");
  put(fault.body, body);
  fault.headers = text_map(in(node, "headers"));
  if (!fault.body.empty() && (fault.status == 204 || fault.status == 304)) {
    complaints.add(body.place, fmt::format("an answer with status {} has no body", fault.status));
  }
  return fault;
}

MessageFaults read_message_faults(const Node& fault, Complaints& complaints) {
  constexpr std::uint64_t huge_head_max = std::uint64_t{16} << 20;
  MessageFaults faults;
  if (const Node* const node = at(fault, "throttle")) {
    faults.throttle.emplace();
    put(faults.throttle->per_second, in(*node, "rate"));
    faults.throttle->burst = static_cast<double>(count_in(in(*node, "burst")).value_or(1));
    faults.throttle->status = static_cast<int>(value<std::int64_t>(in(*node, "status")).value_or(429));
    put(faults.throttle->retry_after, in(*node, "retry-after"));
    check_no_zero(*node, "burst", "nothing could pass", complaints);
  }
  if (const Node* const node = at(fault, "change-request")) faults.change_request = change(*node, complaints);
  if (const Node* const node = at(fault, "change-response")) faults.change_response = change(*node, complaints);
  if (const Node* const node = at(fault, "truncate")) faults.truncate = truncate(*node, complaints);
  put(faults.framing, in(fault, "framing"));
  put(faults.no_answer, in(fault, "no-answer"));
  if (const Node* const node = at(fault, "slow")) {
    faults.slow.emplace();
    put(faults.slow->head, in(*node, "head"));
    put(faults.slow->body, in(*node, "body"));
  }
  faults.huge_head = count_in(in(fault, "huge-head")).value_or(0);
  if (faults.huge_head > huge_head_max) complaints.add(in(fault, "huge-head").place, "a head grows by at most 16MiB");
  put(faults.stale, in(fault, "stale"));
  put(faults.duplicate, in(fault, "duplicate"));
  // Of two ways to send one response the second would never be seen.
  std::string first;
  for (const std::string_view kind : {"no-answer", "framing", "truncate", "duplicate"}) {
    const Node* const node = at(fault, kind);
    if (node == nullptr || (kind == "duplicate" && !faults.duplicate)) continue;
    if (!first.empty())
      complaints
          .add(node->place, fmt::format("'{}' cannot stand beside '{}': a response is sent in one way", kind, first))
          .hint = "write two faults, each with a share or with requests of its own";
    first = kind;
  }
  return faults;
}

Targeting read_targeting(const Node& fault, Nanoseconds phase, Complaints& complaints) {
  Targeting targeting;
  targeting.routes = texts(in(fault, "routes"));
  targeting.headers = text_map(in(fault, "headers"));
  targeting.clients = texts(in(fault, "clients"));
  check_clients(in(fault, "clients"), complaints);
  targeting.by_request = value<std::string>(in(fault, "share-of")) == "requests";
  put(targeting.after, in(fault, "after"));
  targeting.lasting = value<Nanoseconds>(in(fault, "for"));
  put(targeting.ramp, in(fault, "ramp"));
  put(targeting.even_the_last, in(fault, "even-the-last"));
  targeting.first = count_in(in(fault, "first"));
  targeting.first_tries = count_in(in(fault, "first-tries"));
  targeting.every = count_in(in(fault, "every"));
  targeting.at_most = count_in(in(fault, "at-most"));
  for (const std::string_view key : {"first", "first-tries", "every", "at-most"})
    check_no_zero(fault, key, "the fault would never fire", complaints);
  if (phase > Nanoseconds(0) && targeting.after >= phase) {
    complaints.add(in(fault, "after").place, fmt::format("the phase ends after {}: the fault would never begin",
                                                         base::format_duration_exact(phase)));
  }
  return targeting;
}

ProcessFault read_process_fault(const Node& node, Nanoseconds phase, Complaints& complaints) {
  using Kind = ProcessFault::Kind;
  ProcessFault fault;
  put(fault.after, in(node, "after"));
  put(fault.even_the_last, in(node, "even-the-last"));
  const auto restart_of = [&](std::string_view key) {
    fault.restart_after = value<Nanoseconds>(in(in(node, key), "restart-after"));
  };
  if (at(node, "kill") != nullptr) {
    fault.kind = Kind::kill;
    restart_of("kill");
  } else if (at(node, "terminate") != nullptr) {
    fault.kind = Kind::terminate;
    restart_of("terminate");
  } else if (at(node, "pause") != nullptr) {
    fault.kind = Kind::pause;
    put(fault.lasting, in(node, "pause"));
  } else if (at(node, "crash-loop") != nullptr) {
    fault.kind = Kind::crash_loop;
    put(fault.every, in(in(node, "crash-loop"), "every"));
    restart_of("crash-loop");
  } else if (at(node, "open-files") != nullptr) {
    fault.kind = Kind::open_files;
    fault.open_files = count_in(in(node, "open-files")).value_or(0);
  } else if (at(node, "cpu") != nullptr) {
    fault.kind = Kind::cpu;
    put(fault.cpu, in(node, "cpu"));
    if (fault.cpu <= 0) complaints.add(in(node, "cpu").place, "with 0% of a processor it would stand still: use pause");
  } else if (at(node, "memory") != nullptr) {
    fault.kind = Kind::memory;
    fault.memory = count_in(in(node, "memory")).value_or(0);
  } else if (at(node, "command") != nullptr) {
    fault.kind = Kind::command;
    fault.hurt = texts(in(in(node, "command"), "hurt"));
    fault.heal = texts(in(in(node, "command"), "heal"));
  }
  if (at(node, "network") != nullptr) read_network_fault(in(node, "network"), fault, complaints);
  if (phase > Nanoseconds(0) && fault.after >= phase) {
    complaints.add(in(node, "after").place, fmt::format("the phase ends after {}: the fault would never begin",
                                                        base::format_duration_exact(phase)));
  }
  const bool whole = fault.kind == Kind::kill || fault.kind == Kind::terminate || fault.kind == Kind::pause ||
                     fault.kind == Kind::crash_loop;
  if (whole && !fault.even_the_last && !node.keys.empty()) {
    complaints.add(node.keys.front().place, "this takes down the only instance of the service").hint =
        "if that is what you want, add even-the-last: true";
  }
  return fault;
}

}  // namespace stormproof::scenarios
