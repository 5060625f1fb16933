// Peers: the proxies of a benchmark, the origin behind them, and what they cost.
//
// Whatever cannot be started ends the program with exit code 4 and a sentence. Everything runs on loopback.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "tests/support/process.h"

namespace stormproof::bench {

[[noreturn]] void give_up(const std::string& why);

template <typename T>
T must(base::Result<T> result) {
  if (!result) give_up(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Target {
  std::string name;
  support::Process process;
  std::uint16_t port;
};

// nginx with /1k, /100k and /1g (sparse) of one letter.
Target start_origin(const std::filesystem::path& folder);
Target start_nginx(const std::filesystem::path& folder, std::uint16_t upstream);
Target start_haproxy(const std::filesystem::path& folder, std::uint16_t upstream);
// `arguments` after the upstream's, as bench_relay takes them.
Target start_relay(const std::string& name, std::uint16_t upstream, std::vector<std::string> arguments = {});

// Ticks of user and system time: of the first thread, and of all.
struct Cpu {
  double first_us = 0;
  double all_us = 0;
};
Cpu cpu_of(const support::Process& process);

std::uint64_t resident_bytes(const support::Process& process);

// What wrk, with one thread, got answered; and its latencies.
struct Driven {
  double requests = 0;
  double p99_us = 0;
};
Driven drive(std::uint16_t port, const std::string& path, int connections, int seconds);

double median(std::vector<double> values);

}  // namespace stormproof::bench
