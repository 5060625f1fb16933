#include "tests/e2e/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

#include "tests/support/waiting.h"

namespace stormproof::e2e {

std::filesystem::path program() { return std::filesystem::path(STORMPROOF_BINARY_DIR) / "stormproof"; }

support::Finished stormproof(std::vector<std::string> arguments, std::map<std::string, std::string> env,
                             std::chrono::milliseconds within) {
  arguments.insert(arguments.begin(), program().string());
  auto finished = support::run_to_end({.argv = std::move(arguments), .env = std::move(env)}, within);
  if (!finished) {
    ADD_FAILURE() << finished.error().to_string();
    return {.exit_code = -1, .out = "", .err = ""};
  }
  return std::move(*finished);
}

support::Process start_stormproof(std::vector<std::string> arguments, std::map<std::string, std::string> env) {
  arguments.insert(arguments.begin(), program().string());
  auto process = support::Process::start({.argv = std::move(arguments), .env = std::move(env)});
  if (!process) throw std::runtime_error(process.error().to_string());  // no test can go on without it
  return std::move(*process);
}

Recording start_recording(std::uint16_t upstream, const std::filesystem::path& out,
                          const std::vector<std::string>& options) {
  return start_recording(fmt::format("http://127.0.0.1:{}", upstream), out, options);
}

Recording start_recording(const std::string& upstream, const std::filesystem::path& out,
                          const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"record", "--listen", "127.0.0.1:0", "--upstream",
                                        upstream, "--out",    out.string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  support::Process process = start_stormproof(std::move(arguments));
  std::uint16_t port = 0;
  const bool said = support::eventually(std::chrono::seconds(10), [&] {
    const std::string text = process.err();
    constexpr std::string_view label = "recording 127.0.0.1:";
    const std::size_t at = text.find(label);
    if (at == std::string::npos || text.find('\n', at) == std::string::npos) return false;
    std::from_chars(text.data() + at + label.size(), text.data() + text.size(), port);
    return true;
  });
  EXPECT_TRUE(said) << process.err();
  return {std::move(process), port};
}

void record_checkouts(std::uint16_t server, const std::filesystem::path& out, int requests) {
  const Recording recording = start_recording(server, out);
  const auto curl =
      support::run_to_end({.argv = {"curl", "-sS", "--fail", "--max-time", "20", "-o", "/dev/null",
                                    fmt::format("http://127.0.0.1:{}/checkout/[1-{}]", recording.port, requests)}});
  ASSERT_TRUE(curl.has_value()) << curl.error().to_string();
  EXPECT_EQ(curl->exit_code, 0) << curl->err;
  recording.process.signal(SIGINT);
  EXPECT_EQ(recording.process.exit_code_within(std::chrono::seconds(15)), 0) << recording.process.err();
}

void write_outage(const Outage& outage, const std::filesystem::path& file) {
  std::string command;
  for (const std::string& word : outage.command) command += fmt::format("{}\"{}\"", command.empty() ? "" : ", ", word);
  std::ofstream(file) << fmt::format(R"(version: 1
name: checkout survives a payments outage
topology:
  service:
    name: shop
    candidate: {{ url: "http://127.0.0.1:{}", command: [{}], health: {{ path: /healthz, within: 10s }} }}
  dependencies:
    payments: {{ proxy: "127.0.0.1:{}", upstream: "http://127.0.0.1:{}" }}
traffic: {{ capture: "{}", rate: {} }}
steady-state:
  for: {}
  expect:
    - errors: {{ at-most: 1% }}
    - latency: {{ p99: 400ms }}
phases:
  - name: payments down
    for: {}
    faults: [ {{ on: payments, {} }} ]
    expect:
      - circuit-breaker: {{ on: payments, opens-within: {}, leaks-at-most: 0, probes-every: {} ± 20%, fails-fast-within: 250ms }}
      - latency: {{ {} }}
  - name: recovery
    for: {}
    expect:
      - circuit-breaker: {{ on: payments, closes-within: {} }}
{})",
                                     outage.service_port, command, outage.payments_proxy, outage.payments,
                                     outage.capture.string(), outage.rate, outage.steady, outage.down, outage.fault,
                                     outage.opens_within, outage.probes_every, outage.latency, outage.recovery,
                                     outage.closes_within, outage.recovers ? "      - recovers: { within: 6s }\n" : "");
}

}  // namespace stormproof::e2e
