// What a request costs each proxy in CPU time, beside HAProxy and nginx in the same run.
//
// Everything is pinned to one CPU; the targets take turns in short rounds and each ratio is taken within its round, so a noisy
// machine moves both sides of it. Printed: the median over the rounds. Method: docs/performance.md.

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

using namespace stormproof;
using support::Process;

namespace {

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "proxy_bench: {}\n", why);
  std::exit(4);
}

template <typename T>
T must(base::Result<T> result) {
  if (!result) give_up(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Target {
  std::string name;
  Process process;
  std::uint16_t port;
};

std::uint16_t port_in(const Process& process) {
  std::uint16_t port = 0;
  support::eventually(std::chrono::seconds(5), [&] {
    const std::string text = process.out();
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port != 0;
  });
  if (port == 0) give_up("the relay did not start: " + process.err());
  return port;
}

Process start(std::vector<std::string> argv) { return must(Process::start({.argv = std::move(argv)})); }

Target start_origin(const std::filesystem::path& folder) {
  const std::uint16_t port = support::free_port();
  std::filesystem::create_directories(folder / "www");
  for (const auto& [name, size] : {std::pair{"1k", 1024}, std::pair{"100k", 102400}}) {
    must(support::write_file(folder / "www" / name, std::string(static_cast<std::size_t>(size), 'x')));
  }
  must(support::write_file(folder / "origin.conf",
                           fmt::format(R"(daemon off; master_process off; pid {0}/origin.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
server {{ listen 127.0.0.1:{1}; root {0}/www; }} }}
)",
                                       folder.string(), port)));
  Target origin{"origin", start({"nginx", "-c", (folder / "origin.conf").string()}), port};
  must(origin.process.wait_until_listening(port));
  return origin;
}

Target start_nginx(const std::filesystem::path& folder, std::uint16_t upstream) {
  const std::uint16_t port = support::free_port();
  must(support::write_file(folder / "nginx.conf",
                           fmt::format(R"(daemon off; master_process off; pid {0}/nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}/nb; proxy_temp_path {0}/np;
fastcgi_temp_path {0}/nf; uwsgi_temp_path {0}/nu; scgi_temp_path {0}/ns;
upstream o {{ server 127.0.0.1:{2}; keepalive 128; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{1}; location / {{ proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
)",
                                       folder.string(), port, upstream)));
  Target nginx{"nginx", start({"nginx", "-c", (folder / "nginx.conf").string()}), port};
  must(nginx.process.wait_until_listening(port));
  return nginx;
}

Target start_haproxy(const std::filesystem::path& folder, std::uint16_t upstream) {
  const std::uint16_t port = support::free_port();
  must(support::write_file(folder / "haproxy.cfg", fmt::format(R"(global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{}
  default_backend b
backend b
  server s 127.0.0.1:{}
)",
                                                               port, upstream)));
  Target haproxy{"haproxy", start({"haproxy", "-db", "-f", (folder / "haproxy.cfg").string()}), port};
  must(haproxy.process.wait_until_listening(port));
  return haproxy;
}

// Ticks of user and system time: of the first thread, and of all.
struct Cpu {
  double first_us = 0;
  double all_us = 0;
};

double ticks_us(const std::filesystem::path& stat) {
  std::ifstream in(stat);
  std::string text;
  std::getline(in, text);
  // Fields 14 and 15, counted behind the name, which may hold spaces.
  std::string_view rest = std::string_view(text).substr(text.rfind(')') + 2);
  double sum = 0;
  for (int field = 3; field <= 15; ++field) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (field >= 14) {
      long ticks = 0;
      std::from_chars(rest.data(), rest.data() + space, ticks);
      sum += static_cast<double>(ticks);
    }
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return sum * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Cpu cpu_of(const Process& process) {
  const std::filesystem::path folder = fmt::format("/proc/{}", process.pid());
  return {ticks_us(folder / "task" / std::to_string(process.pid()) / "stat"), ticks_us(folder / "stat")};
}

struct Load {
  std::string name;
  int connections;
  std::string path;
};

double number_after(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return 0;
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

// Requests that wrk got answered.
double drive(const Load& load, std::uint16_t port, int seconds) {
  const auto finished = must(
      support::run_to_end({.argv = {"wrk", "-t1", fmt::format("-c{}", load.connections), fmt::format("-d{}", seconds),
                                    fmt::format("http://127.0.0.1:{}{}", port, load.path)}},
                          std::chrono::seconds(seconds + 20)));
  if (finished.out.find("Non-2xx") != std::string::npos) give_up("answers other than 2xx:\n" + finished.out);
  const std::size_t at = finished.out.find(" requests in");
  const std::size_t line = finished.out.rfind('\n', at) + 1;
  return at == std::string::npos ? 0 : number_after(finished.out.substr(line), "");
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

void measure(const Load& load, std::vector<Target*> targets, int rounds, int seconds) {
  std::map<std::string, std::vector<double>> cost, ratio, first_ratio;
  for (int round = 0; round < rounds; ++round) {
    std::map<std::string, Cpu> spent;
    for (Target* target : targets) {
      const Cpu before = cpu_of(target->process);
      const double requests = drive(load, target->port, seconds);
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
  const std::string upstream = fmt::format("127.0.0.1:{}", origin.port);
  Target relay{"stormproof", start({RELAY_PROGRAM, upstream}), 0};
  relay.port = port_in(relay.process);
  Target recording{"stormproof, recording",
                   start({RELAY_PROGRAM, upstream, (folder.path() / "bench.traffic").string()}), 0};
  recording.port = port_in(recording.process);
  Target shadowing{"stormproof, shadow 10 %",
                   start({RELAY_PROGRAM, upstream, "", fmt::format("127.0.0.1:{}", candidate.port), "10%"}), 0};
  shadowing.port = port_in(shadowing.process);

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
