// ProxyConfig: what a file for `stormproof proxy` means, and its tables of keys.
//
// The same forms and the same check as a scenario's: every mistake at once, with its place. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/complaints.h"
#include "scenarios/document.h"
#include "scenarios/language.h"

namespace stormproof::scenarios {

struct ProxyConfig {
  struct Tls {
    std::string certificate;
    std::string key;
  };
  struct Upstream {
    std::string url;
    std::string name;
    std::uint32_t weight = 1;
  };
  struct UpstreamTls {
    std::string ca;  // a file; empty: the system's
    bool insecure = false;
  };
  // Not written: the relay's own default.
  struct Timeouts {
    std::optional<Nanoseconds> connect, head, idle, total, client_head, client_idle, tunnel_idle, drain;
  };
  struct Record {
    std::string out;
    std::optional<std::uint64_t> rotate_bytes;
    std::optional<Nanoseconds> rotate_every;
    std::optional<std::uint64_t> keep_files;
  };
  struct Shadow {
    std::string url;
    double share = 1;
    std::vector<std::string> methods;
    std::vector<std::string> paths;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<Nanoseconds> added_p99_max;
    bool writes = false;
  };

  std::string listen;
  bool tcp = false;
  std::uint64_t workers = 1;
  std::optional<Tls> tls;
  std::string key_log;
  std::vector<Upstream> upstreams;
  UpstreamTls upstream_tls;
  std::string sticky_header;
  std::string sticky_cookie;
  Timeouts timeouts;
  std::optional<std::uint64_t> connections_max;
  std::string via;
  bool forwarded = false;
  bool x_forwarded = false;
  bool trace = false;
  std::optional<Record> record;
  std::optional<Shadow> shadow;
  std::string admin;       // an address; empty: none
  std::string access_log;  // a file, "-": standard output; empty: none
};

const scenarios::Record& proxy_record();

// `root` has been checked against proxy_record().
ProxyConfig read_proxy(const Node& root, Complaints& complaints);

}  // namespace stormproof::scenarios
