// What a relay of bytes costs without a fault, beside HAProxy and toxiproxy in the same run, and how exactly faults are met.
//
// Loads and servers are threads of this program. Toxiproxy is the program that TOXIPROXY_SERVER names; else it is built where Go
// is there, else left out. Method and figures: docs/performance.md.

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tests/bench/peers.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"

using namespace stormproof;
using namespace stormproof::bench;
using support::RawConnection;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t block_bytes = 256 * 1024;

std::size_t receive(int fd, std::span<char> room) {
  const ssize_t got = ::recv(fd, room.data(), room.size(), 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// "e": gives back what comes. "s" and eight digits of thousand bytes: sends so many.
void serve(RawConnection& peer) {
  const std::string what = peer.read(1, std::chrono::seconds(60)).value_or("");
  if (what == "s") {
    std::uint64_t left = std::stoull(peer.read(8).value_or("0")) * 1000;
    const std::string block(block_bytes, 'x');
    while (left > 0) {
      const std::size_t now = std::min<std::uint64_t>(left, block.size());
      if (!peer.send({block.data(), now}, std::chrono::seconds(60))) return;
      left -= now;
    }
    return;
  }
  std::array<char, 4096> bytes;
  while (const std::size_t got = receive(peer.fd(), bytes)) {
    if (!peer.send({bytes.data(), got})) return;
  }
}

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

// Round trips of one byte, in microseconds, sorted.
std::vector<double> round_trips(std::uint16_t port, int count) {
  RawConnection client = must(RawConnection::connect(port));
  must(client.send("e"));
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begun = Clock::now();
    must(client.send("p"));
    std::array<char, 16> bytes;
    if (receive(client.fd(), bytes) != 1) give_up("an answer is missing");
    times.push_back(seconds_since(begun) * 1e6);
  }
  std::ranges::sort(times);
  return times;
}

double at(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

// Seconds from the first byte asked for to the last one that came.
double transfer(std::uint16_t port, std::uint64_t kilobytes) {
  RawConnection client = must(RawConnection::connect(port));
  const auto begun = Clock::now();
  must(client.send(fmt::format("s{:08}", kilobytes)));
  std::vector<char> room(block_bytes);
  std::uint64_t got = 0;
  while (const std::size_t bytes = receive(client.fd(), room)) got += bytes;
  if (got != kilobytes * 1000) give_up(fmt::format("{} of {} bytes came", got, kilobytes * 1000));
  return seconds_since(begun);
}

// Our own program or toxiproxy: with the same calls.
Target start_controlled(const std::string& name, std::vector<std::string> command, std::uint16_t api,
                        std::uint16_t upstream) {
  auto process = must(support::Process::start({.argv = std::move(command), .env = {{"LOG_LEVEL", "error"}}}));
  must(process.wait_until_listening(api));
  const std::uint16_t port = support::free_port();
  const std::string body =
      fmt::format(R"({{"name":"t","listen":"127.0.0.1:{}","upstream":"127.0.0.1:{}"}})", port, upstream);
  if (must(support::http(api, "/proxies", {.method = "POST", .body = body})).status != 201)
    give_up(name + " makes no proxy");
  return {name, std::move(process), port};
}

std::optional<std::string> toxiproxy_program(const std::filesystem::path& folder) {
  if (const char* const given = std::getenv("TOXIPROXY_SERVER")) return given;
  const auto built =
      support::run_to_end({.argv = {"go", "install", "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"},
                           .env = {{"GOBIN", folder.string()}}},
                          std::chrono::minutes(5));
  if (!built || built->exit_code != 0) return std::nullopt;
  return (folder / "server").string();
}

Target start_haproxy_tcp(const std::filesystem::path& folder, std::uint16_t upstream) {
  const std::uint16_t port = support::free_port();
  const auto file = folder / "haproxy-tcp.cfg";
  support::write_file(
      file, fmt::format("global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n"
                        "  timeout server 60s\nlisten t\n  bind 127.0.0.1:{}\n  server s 127.0.0.1:{}\n",
                        port, upstream));
  auto process = must(support::Process::start({.argv = {"haproxy", "-db", "-f", file.string()}}));
  must(process.wait_until_listening(port));
  return {"haproxy, mode tcp", std::move(process), port};
}

void relaying(std::uint16_t direct, std::vector<Target*> targets, int rounds, std::uint64_t megabytes) {
  fmt::print(
      "| relay of bytes, no fault | added p50, 1 connection (us) | GB/s | CPU (ms per GB) |\n|---|---|---|---|\n");
  std::map<std::string, std::vector<double>> added, speed, cost;
  for (int round = 0; round < rounds; ++round) {
    const double bare = at(round_trips(direct, 5000), 0.5);
    for (Target* target : targets) {
      added[target->name].push_back(at(round_trips(target->port, 5000), 0.5) - bare);
      const double before = cpu_of(target->process).all_us;
      const double took = transfer(target->port, megabytes * 1000);
      const double gigabytes = static_cast<double>(megabytes) / 1000;
      speed[target->name].push_back(gigabytes / took);
      cost[target->name].push_back((cpu_of(target->process).all_us - before) / 1000 / gigabytes);
    }
  }
  for (const Target* target : targets)
    fmt::print("| {} | {:.1f} | {:.2f} | {:.0f} |\n", target->name, median(added[target->name]),
               median(speed[target->name]), median(cost[target->name]));
}

void toxic(std::uint16_t api, std::string_view method, const std::string& path, const std::string& body) {
  const auto answer = must(support::http(api, "/proxies/t/toxics" + path, {.method = method, .body = body}));
  if (answer.status >= 300) give_up("toxic: " + answer.body);
}

void latencies(std::uint16_t api, std::uint16_t port, bool quick) {
  fmt::print(
      "\n| latency asked for | round trips | above it: least (us) | p50 (us) | p99 (us) |\n|---|---|---|---|---|\n");
  for (const int milliseconds : {1, 2, 5, 10, 50, 100, 500}) {
    const int count = std::clamp((quick ? 1000 : 5000) / milliseconds, 4, 1000);
    toxic(api, "POST", "",
          fmt::format(R"({{"name":"l","type":"latency","attributes":{{"latency":{}}}}})", milliseconds));
    std::vector<double> above = round_trips(port, count);
    for (double& each : above) each -= milliseconds * 1000;
    toxic(api, "DELETE", "/l", "");
    fmt::print("| {} ms | {} | {:.0f} | {:.0f} | {:.0f} |\n", milliseconds, count, above.front(), at(above, 0.5),
               at(above, 0.99));
  }
}

void bandwidths(std::uint16_t api, std::uint16_t port, bool quick) {
  fmt::print("\n| bandwidth asked for | seconds | measured | off by |\n|---|---|---|---|\n");
  for (const std::uint64_t kilobytes : {10ULL, 100ULL, 1000ULL, 10'000ULL, 100'000ULL}) {
    const std::uint64_t seconds = quick ? 1 : 3;
    toxic(api, "POST", "", fmt::format(R"({{"name":"b","type":"bandwidth","attributes":{{"rate":{}}}}})", kilobytes));
    const double took = transfer(port, kilobytes * seconds);
    toxic(api, "DELETE", "/b", "");
    const double measured = static_cast<double>(kilobytes * seconds) / took;
    fmt::print("| {} KB/s | {} | {:.1f} KB/s | {:+.2f} % |\n", kilobytes, seconds, measured,
               100 * (measured / static_cast<double>(kilobytes) - 1));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const support::TempDir folder;
  support::RawServer server(serve);
  const std::uint16_t api = support::free_port();
  Target ours = start_controlled(
      "stormproof", {STORMPROOF_PROGRAM, "proxy", "--admin", fmt::format("127.0.0.1:{}", api)}, api, server.port());
  Target haproxy = start_haproxy_tcp(folder.path(), server.port());
  std::vector<Target*> targets = {&ours, &haproxy};
  std::optional<Target> toxiproxy;
  if (const auto program = toxiproxy_program(folder.path())) {
    const std::uint16_t its = support::free_port();
    toxiproxy.emplace(start_controlled("toxiproxy 2.12", {*program, "-port", std::to_string(its)}, its, server.port()));
    targets.push_back(&*toxiproxy);
  } else {
    fmt::print(stderr, "toxiproxy is left out: neither TOXIPROXY_SERVER nor Go is there\n");
  }
  relaying(server.port(), targets, quick ? 1 : 5, quick ? 500 : 2000);
  latencies(api, ours.port, quick);
  bandwidths(api, ours.port, quick);
}
