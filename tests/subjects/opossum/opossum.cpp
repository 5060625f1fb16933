#include "tests/subjects/opossum/opossum.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/tests/subjects/opossum";

}  // namespace

std::optional<std::string> Opossum::missing() {
  const auto node = support::run_to_end({.argv = {"node", "--version"}});
  if (!node || node->exit_code != 0) return "node is not installed";
  if (!std::filesystem::exists(home / "node_modules" / "opossum")) {
    return "the npm packages of tests/subjects/opossum are not installed (./dev test installs them where npm is)";
  }
  return std::nullopt;
}

bool Opossum::skip_is_failure() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

std::vector<std::string> Opossum::command(const Options& options) {
  std::vector<std::string> command = {"node", (home / "service.js").string()};
  const auto add = [&command](std::string_view name, const std::string& value) {
    command.push_back(fmt::format("--{}={}", name, value));
  };
  add("port", std::to_string(options.port));
  add("payments", options.payments);
  add("breaker", options.breaker ? "on" : "off");
  add("resetTimeout", std::to_string(options.reset_timeout.count()));
  add("timeout", std::to_string(options.timeout.count()));
  add("errorThresholdPercentage", std::to_string(options.error_threshold_percentage));
  add("volumeThreshold", std::to_string(options.volume_threshold));
  add("fallback", std::to_string(options.fallback_status));
  if (!options.truth.empty()) add("truth", options.truth.string());
  return command;
}

base::Result<Opossum> Opossum::start(Options options) {
  support::TempDir folder;
  options.truth = folder.path() / "truth";
  if (options.port == 0) options.port = support::free_port();
  const std::uint16_t port = options.port;
  if (support::is_listening(port)) return base::fail(fmt::format("127.0.0.1:{} is in use", port));
  auto process = support::Process::start({.argv = command(options)});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port, std::chrono::seconds(20)); !up) return std::unexpected(up.error());
  return Opossum(std::move(folder), std::move(*process), port);
}

}  // namespace stormproof::subjects
