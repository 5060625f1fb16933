// Replay flags: what `stormproof replay` is told, and what it means.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/app/tls_flags.h"
#include "harness/base/error.h"
#include "replay/script_shots.h"
#include "replay/sender.h"

namespace stormproof::app {

struct ReplayFlags {
  std::string file;
  std::string target;

  // When.
  std::string speed, rate, ramp, steps, poisson, arrivals, arrivals_column;
  std::uint64_t loop = 1;
  std::string lasting;
  std::string warm_up;
  std::uint64_t seed = 1;
  bool closed = false;
  bool precise = false;
  bool batch = false;

  // Over what.
  std::string connections = "512";
  std::string at_limit = "queue";
  std::string timeout = "30s";

  // Which requests, and what is changed in them.
  std::vector<std::string> methods, paths, paths_left_out;
  std::string sessions = "100%";
  std::string from, until;
  std::string host;
  std::vector<std::string> headers, headers_removed, path_rules, query, query_removed;

  // Safety.
  bool allow_writes = false;
  bool keep_idempotency_keys = false;
  bool no_links = false;
  std::uint64_t requests_max = 0;
  std::string rate_max;

  // What comes out.
  std::string max_lag = "5ms";
  std::string hlog, hgrm;
  bool json = false;
  UpstreamTlsFlags tls;

  void add_to(CLI::App& command);

  base::Result<replay::PacingOptions> pacing() const;
  base::Result<replay::ScriptOptions> script() const;
  base::Result<replay::ShotOptions> shots() const;
  // Without target, TLS and party.
  base::Result<replay::SenderOptions> sender() const;
};

}  // namespace stormproof::app
