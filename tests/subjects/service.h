// Service: a subject that is a program of its own, started for a test, with the truth that it writes. Gone with its owner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "tests/subjects/truth.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace stormproof::subjects {

// Where `./dev subjects` puts what a subject needs and the tree does not hold.
std::filesystem::path installed(std::string_view subject);

// Why `file` of that subject is not there; nothing where it is. Names what `./dev subjects` said, where it said why.
std::optional<std::string> not_installed(std::string_view subject, const std::filesystem::path& file);

// A test skips with the reason why a subject cannot run here, or fails with it where the environment says CI=true.
bool skip_is_failure();

class Service {
 public:
  using Command = std::function<std::vector<std::string>(std::uint16_t port, const std::filesystem::path& folder)>;

  // `command` is told a free port of 127.0.0.1 and a folder that lives as long as the service, its truth in the file "truth" of
  // that. Listens when it returns.
  static base::Result<Service> start(const Command& command);

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::filesystem::path folder() const { return folder_.path(); }
  base::Result<std::vector<StateChange>> truth() const { return read_truth(folder_.path() / "truth"); }
  const support::Process& process() const { return process_; }

 private:
  Service(support::TempDir folder, support::Process process, std::uint16_t port)
      : folder_(std::move(folder)), process_(std::move(process)), port_(port) {}

  support::TempDir folder_;
  support::Process process_;
  std::uint16_t port_;
};

}  // namespace stormproof::subjects
