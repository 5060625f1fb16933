// What a request costs each proxy in CPU time, beside HAProxy and nginx in the same run.
//
// Everything is pinned to one CPU; the targets take turns in short rounds and each ratio is taken within its round, so a noisy
// machine moves both sides of it. Printed: the median over the rounds. Method: docs/performance.md.

#include <sched.h>

#include <map>

#include "tests/bench/peers.h"
#include "tests/support/temp_dir.h"

using namespace stormproof;
using namespace stormproof::bench;

namespace {

struct Load {
  std::string name;
  int connections;
  std::string path;
};

void measure(const Load& load, std::vector<Target*> targets, int rounds, int seconds) {
  std::map<std::string, std::vector<double>> cost, ratio, first_ratio;
  for (int round = 0; round < rounds; ++round) {
    std::map<std::string, Cpu> spent;
    for (Target* target : targets) {
      const Cpu before = cpu_of(target->process);
      const double requests = drive(target->port, load.path, load.connections, seconds).requests;
      const Cpu after = cpu_of(target->process);
      if (requests == 0) give_up(target->name + " answered nothing");
      spent[target->name] = {(after.first_us - before.first_us) / requests, (after.all_us - before.all_us) / requests};
    }
    for (const auto& [name, cpu] : spent) {
      cost[name].push_back(cpu.all_us);
      ratio[name].push_back(cpu.all_us / spent["haproxy"].all_us);
      first_ratio[name].push_back(cpu.first_us / spent["haproxy"].all_us);
    }
  }
  for (const Target* target : targets) {
    fmt::print("| {:<28} | {:<24} | {:>6.2f} | {:>5.2f} | {:>5.2f} |\n", load.name, target->name,
               median(cost[target->name]), median(ratio[target->name]), median(first_ratio[target->name]));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const int rounds = quick ? 1 : 5;
  const int seconds = quick ? 1 : 3;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0)
    give_up("cannot pin to one CPU");  // inherited by all that is started

  const support::TempDir folder;
  const support::TempDir candidate_folder;
  Target origin = start_origin(folder.path());
  Target candidate = start_origin(candidate_folder.path());
  Target haproxy = start_haproxy(folder.path(), origin.port);
  Target nginx = start_nginx(folder.path(), origin.port);
  Target relay = start_relay("stormproof", origin.port);
  Target recording = start_relay("stormproof, recording", origin.port, {(folder.path() / "bench.traffic").string()});
  Target shadowing =
      start_relay("stormproof, shadow 10 %", origin.port, {"", fmt::format("127.0.0.1:{}", candidate.port), "10%"});

  fmt::print("CPU time of the proxy process a request, one CPU for all, median of {} rounds of {} s\n\n", rounds,
             seconds);
  fmt::print("| {:<28} | {:<24} | {:>6} | {:>5} | {:>5} |\n", "load", "proxy", "us", "x HA", "proxy thread x HA");
  fmt::print("|---|---|---|---|---|\n");
  const std::vector<Load> loads = {{"1 KB, 64 connections", 64, "/1k"},
                                   {"1 KB, 8 connections", 8, "/1k"},
                                   {"1 KB, 1 connection", 1, "/1k"},
                                   {"100 KB, 32 connections", 32, "/100k"}};
  for (const Load& load : loads) {
    std::vector<Target*> targets = {&haproxy, &nginx, &relay};
    if (load.connections == 64) targets.insert(targets.end(), {&recording, &shadowing});
    measure(load, targets, rounds, seconds);
  }
  if (cpu_of(candidate.process).all_us == 0) give_up("the shadow's candidate had nothing to do");
}
