// Nginx: a real server as the dependency of a test, on a free port of 127.0.0.1, in a folder of its own.
//
// /charge/* answers 200 with a little JSON, /checkout/* 204, or 503 above the limit where there is one (limit_req; each
// X-Api-Key has its own), or what its replicas answer, /any/* answers 200 to every method, other paths are files of given sizes.
// With an identity it speaks TLS. Gone with its owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {

class Nginx {
 public:
  struct Limit {
    int per_second = 0;
    int burst = 0;         // as nginx counts it: one less than it admits at once
    bool delayed = false;  // who is admitted waits for his turn
  };
  // Whom it asks for /checkout/*, instead of answering itself; it goes on to the next where one fails.
  struct Replicas {
    std::vector<std::uint16_t> ports = {};
    int max_fails = 1;  // in `fails_seconds`, then it is left alone for as long; 0: it never is
    int fails_seconds = 2;
  };
  struct Options {
    std::uint16_t port = 0;                         // 0: a free one
    std::map<std::string, std::size_t> files = {};  // name and size; the bytes are a repeated alphabet
    std::optional<support::Identity> tls = std::nullopt;
    std::optional<Limit> limit = std::nullopt;
    std::optional<Replicas> replicas = std::nullopt;
  };

  // A request as nginx logged it, in the order of the ends of its answers.
  struct Arrival {
    base::Time ended{};  // wall clock, to the millisecond
    int status = 0;
    std::uint64_t connection = 0;
    std::string traceparent;  // "-" where it had none
    std::string request;      // "GET /charge/1 HTTP/1.1"
  };

  // Where the program is; nothing where nginx is not installed.
  static std::optional<std::string> program();

  // Listens when it returns.
  static base::Result<Nginx> start(Options options);

  std::uint16_t port() const { return port_; }
  std::string url() const { return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_); }
  std::vector<Arrival> arrivals() const;
  std::string error_log() const;
  const support::Process& process() const { return process_; }

 private:
  Nginx(support::TempDir folder, support::Process process, std::uint16_t port, bool tls)
      : folder_(std::move(folder)), process_(std::move(process)), port_(port), tls_(tls) {}

  support::TempDir folder_;
  support::Process process_;
  std::uint16_t port_;
  bool tls_;
};

}  // namespace stormproof::subjects
