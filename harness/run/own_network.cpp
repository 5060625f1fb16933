#include "harness/run/own_network.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "harness/run/process.h"

namespace stormproof::run {
namespace {

using scenarios::NetworkFault;

faults::Undo command(std::string script) {
  faults::Undo undo;
  undo.kind = faults::Undo::Kind::command;
  undo.argv = {"/bin/sh", "-c", std::move(script)};
  undo.folder = "/";
  return undo;
}

bool succeeds(const std::string& script) {
  return faults::undo(command("{ " + script + "; } >/dev/null 2>&1")).has_value();
}

bool wants_netem(const NetworkFault& fault) {
  return fault.delay.count() > 0 || fault.duplicate > 0 || fault.reorder > 0;
}

std::string percent(double share) { return fmt::format("{:.4f}%", share * 100); }

std::string netem(const NetworkFault& fault) {
  std::string words = "netem";
  const auto us = [](base::Nanoseconds duration) { return duration.count() / 1000; };
  if (fault.delay.count() > 0) words += fmt::format(" delay {}us", us(fault.delay));
  if (fault.delay.count() > 0 && fault.jitter.count() > 0) words += fmt::format(" {}us", us(fault.jitter));
  if (fault.duplicate > 0) words += " duplicate " + percent(fault.duplicate);
  if (fault.reorder > 0) words += " reorder " + percent(fault.reorder);
  return words;
}

}  // namespace

base::Result<void> OwnNetwork::check(const std::vector<NetworkFault>& faults) {
  for (const std::string program : {"ip", "nft", "tc"}) {
    const bool asked = program == "ip" || std::ranges::any_of(faults, [&](const NetworkFault& fault) {
                         return program == "tc" ? wants_netem(fault) : fault.partition || fault.loss > 0;
                       });
    if (asked && program_of(program, "/").empty())
      return base::fail(fmt::format("a network of the service's own needs the program '{}' (Debian: {})", program,
                                    program == "nft" ? "nftables" : "iproute2"));
  }
  const std::string trial = fmt::format("spt{}", getpid());
  const auto take_away = [&] { succeeds(fmt::format("ip link del {}", trial)); };
  if (!succeeds(
          fmt::format("ip link add {} type dummy || ip link add {} type veth peer name {}p", trial, trial, trial)))
    return base::fail(
        "a network of the service's own needs the right to make links: run stormproof as root, or within `unshare "
        "-rnm`");
  const bool netem_there = succeeds(fmt::format("tc qdisc add dev {} root netem delay 1ms", trial));
  take_away();
  if (std::ranges::any_of(faults, wants_netem) && !netem_there)
    return base::fail(
        "delay, duplication and reordering of packets need tc netem, which this kernel does not have (sch_netem); loss "
        "and partition do not");
  return {};
}

OwnNetwork::OwnNetwork(scenarios::OwnNetwork addresses)
    : addresses_(std::move(addresses)),
      name_(fmt::format("stormproof{}", getpid())),
      link_(fmt::format("sp{}h", getpid())),
      peer_(fmt::format("sp{}s", getpid())) {}

OwnNetwork::~OwnNetwork() {
  if (made_) static_cast<void>(faults::undo(removal()));  // who must know has asked before: Runner::end_service()
}

base::Result<void> OwnNetwork::make() {
  made_ = true;
  const std::string script = fmt::format(
      "set -e; mkdir -p /run/netns; ip netns add {0}; ip link add {1} type veth peer name {2}; ip link set {2} netns "
      "{0}; "
      "ip addr add {3}/30 dev {1}; ip link set {1} up; ip -n {0} addr add {4}/30 dev {2}; ip -n {0} link set {2} up; "
      "ip -n {0} link set lo up; ip -n {0} route add default via {3}",
      name_, link_, peer_, addresses_.harness, addresses_.service);
  if (const auto made = faults::undo(command(script)); !made)
    return base::fail(fmt::format(
        "cannot make a network for the service with {} and {}: are they free, and the two ends of a /30 network?",
        addresses_.harness, addresses_.service));
  return {};
}

std::vector<std::string> OwnNetwork::inside(std::vector<std::string> words) const {
  words.insert(words.begin(), {"ip", "netns", "exec", name_});
  return words;
}

base::Result<void> OwnNetwork::hurt(const NetworkFault& fault) const {
  std::string script = "set -e";
  if (fault.partition || fault.loss > 0) {
    const std::string what = fault.partition ? "drop"
                                             : fmt::format("numgen random mod 1000000 < {} drop",
                                                           std::max<long>(1, static_cast<long>(fault.loss * 1e6)));
    script += fmt::format(
        "\nnft -f - <<RULES\ntable inet {0} {{\n chain in {{\n  type filter hook input priority 0;\n  iifname \"{1}\" "
        "{2}\n }}\n"
        " chain out {{\n  type filter hook output priority 0;\n  oifname \"{1}\" {2}\n }}\n}}\nRULES",
        name_, link_, what);
  }
  if (wants_netem(fault)) {
    script += fmt::format("\ntc qdisc replace dev {1} root {3}\nip netns exec {0} tc qdisc replace dev {2} root {3}",
                          name_, link_, peer_, netem(fault));
  }
  if (const auto done = faults::undo(command(script)); !done)
    return base::fail("the link to the service cannot be hurt: " + done.error().message);
  return {};
}

faults::Undo OwnNetwork::healing() const {
  return command(fmt::format(
      "nft delete table inet {0} 2>/dev/null; tc qdisc del dev {1} root 2>/dev/null; ip netns exec {0} tc qdisc del "
      "dev {2} root 2>/dev/null; ! nft list table inet {0} >/dev/null 2>&1 && ! tc qdisc show dev {1} 2>/dev/null | "
      "grep -q netem",
      name_, link_, peer_));
}

faults::Undo OwnNetwork::removal() const {
  return command(
      fmt::format("nft delete table inet {0} 2>/dev/null; ip link del {1} 2>/dev/null; ip netns del {0} 2>/dev/null; "
                  "! ip link show {1} >/dev/null 2>&1 && ! ip netns list | grep -q '^{0}\\>'",
                  name_, link_));
}

}  // namespace stormproof::run
