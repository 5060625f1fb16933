// The harness killed with SIGKILL in each kind of fault. What is left is asked of curl, ps, ip and nft, not of the harness.
//
// STORMPROOF_KILLS=20 kills twenty times in each kind; the default is once. Each round prints how long healing took.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <functional>

#include "tests/e2e/fault_run.h"
#include "tests/support/files.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds proxies_within = seconds(2);
constexpr milliseconds processes_within = seconds(5);

int rounds() {
  const char* const asked = std::getenv("STORMPROOF_KILLS");
  return asked == nullptr ? 1 : std::max(1, std::atoi(asked));
}

std::string output_of(std::vector<std::string> argv) {
  const auto done = support::run_to_end({.argv = std::move(argv)});
  return done ? done->out : "";
}

// curl's exit code and the status that it got: "0 200", "56 000" a reset, "7 000" nobody listens.
std::string curl(std::uint16_t port) {
  const auto done = support::run_to_end({.argv = {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time",
                                                  "3", fmt::format("http://127.0.0.1:{}/charges/1", port)}});
  return done ? fmt::format("{} {}", done->exit_code, done->out) : "no curl";
}

class FaultKill : public FaultRun {
 protected:
  // Runs a scenario until it hurts, kills the harness, and waits until nothing hurts any more.
  testing::AssertionResult heals(const std::string& kind, const std::string& phase, const std::function<bool()>& hurts,
                                 const std::function<bool()>& healed, milliseconds within) {
    for (int round = 1; round <= rounds(); ++round) {
      const std::string file = write(phase);
      const support::Process harness = start_stormproof({"run", file, "--out", out()});
      if (!support::eventually(seconds(20), hurts))
        return testing::AssertionFailure() << kind << ": it never hurt\n" << harness.err();
      const auto begun = Clock::now();
      harness.signal(SIGKILL);
      if (!support::eventually(within, healed)) return testing::AssertionFailure() << kind << ", round " << round;
      const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
      fmt::print("{}, round {}: healed after {} ms\n", kind, round, took.count());
      if (!support::eventually(processes_within, [&] { return programs().empty(); }))
        return testing::AssertionFailure() << "left behind: " << programs();
    }
    return testing::AssertionSuccess();
  }

  // The lines of ps about the service, by the port that is in its command.
  std::string programs() const {
    std::string found;
    std::istringstream lines(output_of({"ps", "-eo", "pid=,stat=,args="}));
    for (std::string line; std::getline(lines, line);) {
      if (line.contains(fmt::format("--port {} ", service_port_)) && !line.contains(" Z")) found += line + "\n";
    }
    return found;
  }
};

TEST_F(FaultKill, InAFaultOfMessages) {
  EXPECT_TRUE(heals(
      "message", "    for: 20s\n    faults: [ { on: payments, abort: { status: 599 } } ]",
      [&] { return curl(proxy_port_) == "0 599"; }, [&] { return curl(proxy_port_) == "7 000"; }, proxies_within));
}

TEST_F(FaultKill, InAFaultOfConnections) {
  EXPECT_TRUE(heals(
      "stream", "    for: 20s\n    faults: [ { on: payments, connection: { reset: {} } } ]",
      [&] { return curl(proxy_port_) == "56 000"; }, [&] { return curl(proxy_port_) == "7 000"; }, proxies_within));
}

TEST_F(FaultKill, WhileTheProgramIsStopped) {
  EXPECT_TRUE(heals(
      "process stop", "    for: 20s\n    processes: [ { pause: 15s, even-the-last: true } ]",
      [&] { return programs().contains(" T"); }, [&] { return programs().empty(); }, processes_within));
}

TEST_F(FaultKill, WhileTheProgramIsKilledAgainAndAgain) {
  std::string before;
  EXPECT_TRUE(heals(
      "process kill", "    for: 20s\n    processes: [ { crash-loop: { every: 500ms }, even-the-last: true } ]",
      [&] {
        const std::string now = programs();
        const bool another = !before.empty() && !now.empty() && now != before;
        if (!now.empty()) before = now;
        return another;
      },
      [&] { return programs().empty(); }, processes_within));
}

// What the harness did not start: its own command stops it, and the watchdog's lets it go on.
TEST_F(FaultKill, WhileACommandHurts) {
  const auto victim = support::Process::start({.argv = {"tail", "-f", "/dev/null"}});
  ASSERT_TRUE(victim.has_value());
  const std::string pid = std::to_string(victim->pid());
  const auto state = [&] { return output_of({"ps", "-o", "stat=", "-p", pid}); };
  EXPECT_TRUE(heals(
      "command",
      fmt::format("    for: 20s\n    processes: [ {{ command: {{ hurt: [kill, -STOP, \"{0}\"], heal: [kill, -CONT, "
                  "\"{0}\"] }} }} ]",
                  pid),
      [&] { return state().starts_with("T"); }, [&] { return state().starts_with("S"); }, processes_within));
}

// A network of the harness's own, in a namespace of the test's own: nothing of this machine is touched.
class NetworkKill : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto may = support::run_to_end({.argv = {"unshare", "-rnm", "ip", "link", "set", "lo", "up"}});
    if (!may || may->exit_code != 0) GTEST_SKIP() << "no namespaces are permitted here: " << (may ? may->err : "");
    const auto nft = support::run_to_end({.argv = {"unshare", "-rnm", "nft", "list", "tables"}});
    if (!nft || nft->exit_code != 0) GTEST_SKIP() << "nftables is not here: " << (nft ? nft->err : "");
    record();
  }

  void record() {
    const auto recorded = subjects::Shop::start({.is_payments = false});
    ASSERT_TRUE(recorded.has_value());
    record_checkouts(recorded->port(), folder_.path() / "c.traffic", 10);
    support::write_file(
        folder_.path() / "nginx.conf",
        fmt::format("user root; daemon off; master_process off; pid {0}/nginx.pid; error_log stderr;\n"
                    "events {{}} http {{ access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b; "
                    "fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e; server {{ listen "
                    "10.213.7.2:8080; location / "
                    "{{ return 200 ok; }} }} }}\n",
                    folder_.path().string()));
  }

  void write(const std::string& fault) {
    std::ofstream(folder_.path() / "scenario.yaml") << fmt::format(R"(version: 1
name: a link that is hurt
topology:
  service:
    name: web
    candidate:
      url: "http://10.213.7.2:8080"
      command: [nginx, -p, "{0}", -c, "{0}/nginx.conf"]
      health: {{ path: /, within: 10s }}
      network: {{ harness-address: 10.213.7.1, service-address: 10.213.7.2 }}
traffic: {{ capture: c.traffic, rate: 50/s }}
steady-state: {{ for: 300ms, expect: [ {{ errors: {{ at-most: 50% }} }} ] }}
phases:
  - name: hurt
    for: 20s
    processes: [ {{ network: {1} }} ]
    expect: [ {{ errors: {{ at-most: 100% }} }} ]
)",
                                                                   folder_.path().string(), fault);
  }

  // The harness, in namespaces that an idle process of the test's keeps alive after it.
  support::Process start() {
    const std::string script = fmt::format(
        "mount -t tmpfs none /run; ip link set lo up; tail -f /dev/null & echo $! > {0}/anchor; exec {1} run "
        "{0}/scenario.yaml --out {0}/out",
        folder_.path().string(), program().string());
    return support::Process::start({.argv = {"unshare", "-rnm", "sh", "-c", script}}).value();
  }
  // A program in those namespaces; what it said.
  std::string ask(std::vector<std::string> argv) const {
    std::string anchor = support::read_file(folder_.path() / "anchor").value_or("0");
    anchor.erase(anchor.find_last_not_of('\n') + 1);
    argv.insert(argv.begin(), {"nsenter", "-t", anchor, "-U", "-n", "-m", "--preserve-credentials"});
    const auto done = support::run_to_end({.argv = std::move(argv)});
    return done ? done->out + done->err : "nothing";
  }

  support::TempDir folder_;
};

TEST_F(NetworkKill, ALinkThatIsHurtIsHealedWithItsNetwork) {
  for (const std::string fault : {"{ partition: true }", "{ loss: 50% }"}) {
    for (int round = 1; round <= rounds(); ++round) {
      write(fault);
      const support::Process harness = start();
      ASSERT_TRUE(support::eventually(seconds(20), [&] {
        return ask({"nft", "list", "tables"}).contains("stormproof");
      })) << harness.err();
      EXPECT_TRUE(ask({"nft", "list", "ruleset"}).contains(fault.contains("loss") ? "numgen random" : "drop"));
      const auto begun = Clock::now();
      harness.signal(SIGKILL);
      EXPECT_TRUE(support::eventually(processes_within,
                                      [&] {
                                        return !ask({"nft", "list", "tables"}).contains("stormproof") &&
                                               !ask({"ip", "link"}).contains("sp") &&
                                               !ask({"ip", "netns", "list"}).contains("stormproof");
                                      }))
          << fault << ask({"nft", "list", "tables"}) << ask({"ip", "link"}) << ask({"ip", "netns", "list"});
      const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
      fmt::print("network {}, round {}: healed after {} ms\n", fault, round, took.count());
      EXPECT_FALSE(output_of({"ps", "-eo", "args="}).contains(folder_.path().string() + "/nginx.conf"));
      harness.signal_group(SIGKILL);  // what kept the namespaces
    }
  }
}

// A partition is seen by the traffic, ends with its time, and nothing is left of the network after the run.
TEST_F(NetworkKill, APartitionIsFeltAndEnds) {
  write("{ partition: true, for: 500ms }");
  std::string text = support::read_file(folder_.path() / "scenario.yaml").value_or("");
  text.replace(text.find("for: 20s"), 8, "for: 2s ");
  support::write_file(folder_.path() / "scenario.yaml", text);
  const support::Process harness = start();
  const auto code = harness.exit_code_within(seconds(30));
  ASSERT_TRUE(code.has_value()) << harness.err();
  EXPECT_NE(*code, 4) << harness.err();
  EXPECT_THAT(harness.out(), testing::HasSubstr("hurt/process#1"));
  EXPECT_FALSE(ask({"nft", "list", "tables"}).contains("stormproof"));
  EXPECT_FALSE(ask({"ip", "link"}).contains("sp"));
  harness.signal_group(SIGKILL);
}

TEST_F(NetworkKill, WhatTheKernelLacksIsRefusedWithASentence) {
  const auto there = support::run_to_end(
      {.argv = {"unshare", "-rn", "sh", "-c", "ip link set lo up; tc qdisc add dev lo root netem delay 1ms"}});
  if (there && there->exit_code == 0) GTEST_SKIP() << "this kernel has netem";
  write("{ delay: 20ms }");
  const support::Process harness = start();
  EXPECT_EQ(harness.exit_code_within(seconds(20)), 4);
  EXPECT_THAT(harness.err(), testing::HasSubstr("need tc netem, which this kernel does not have"));
  harness.signal_group(SIGKILL);
}

}  // namespace
}  // namespace stormproof::e2e
