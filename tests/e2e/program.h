// Program: stormproof itself, run by a test, and scenarios written for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace stormproof::e2e {

std::filesystem::path program();

// Runs `stormproof ARGUMENTS…` to its end.
support::Finished stormproof(std::vector<std::string> arguments, std::map<std::string, std::string> env = {},
                             std::chrono::milliseconds within = std::chrono::seconds(60));

// Starts it and lets it run.
support::Process start_stormproof(std::vector<std::string> arguments, std::map<std::string, std::string> env = {});

// A `stormproof record` in front of a port, with more options where wanted; listens when it returns.
struct Recording {
  support::Process process;
  std::uint16_t port;
};
Recording start_recording(std::uint16_t upstream, const std::filesystem::path& out,
                          const std::vector<std::string>& options = {});
// The same in front of a URL.
Recording start_recording(const std::string& upstream, const std::filesystem::path& out,
                          const std::vector<std::string>& options = {});

// A capture of `requests` GETs of /checkout/1, /checkout/2 …, made by recording curl in front of a server.
void record_checkouts(std::uint16_t server, const std::filesystem::path& out, int requests);

// What a scenario of an outage of payments needs to know.
struct Outage {
  std::vector<std::string> command;  // of the service; it calls payments at `payments_proxy`
  std::uint16_t service_port = 0;
  std::uint16_t payments_proxy = 0;
  std::uint16_t payments = 0;
  std::filesystem::path capture;
  std::string rate = "100/s";
  std::string steady = "4s";
  std::string down = "9s";
  std::string recovery = "6s";
  std::string fault = "abort: {status: 503}";
  std::string latency = "p99: 400ms";
  std::string opens_within = "3s";
  std::string probes_every = "2s";
  std::string closes_within = "6s";
  bool recovers = true;  // claimed, too: needs the 6 s of recovery
};

// Writes it to `file`; the breaker's claims are those of DESIGN.md's example: opens within `opens_within`, no leak, probes
// `probes_every` ± 20 %, closes within `closes_within`; and requests are answered within 250 ms while it is open.
void write_outage(const Outage& outage, const std::filesystem::path& file);

}  // namespace stormproof::e2e
