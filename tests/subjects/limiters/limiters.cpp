#include "tests/subjects/limiters/limiters.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/tests/subjects/limiters";

}  // namespace

std::optional<std::string> Limiters::missing() {
  const auto node = support::run_to_end({.argv = {"node", "--version"}});
  if (!node || node->exit_code != 0) return "node is not installed";
  if (!std::filesystem::exists(home / "node_modules" / "express-rate-limit"))
    return "the npm packages of tests/subjects/limiters are not installed (./dev test installs them where npm is)";
  return std::nullopt;
}

bool Limiters::skip_is_failure() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

base::Result<Limiters> Limiters::start(const Options& options) {
  const std::uint16_t port = support::free_port();
  auto process = support::Process::start(
      {.argv = {"node", (home / "service.js").string(), fmt::format("--port={}", port),
                fmt::format("--kind={}", options.kind), fmt::format("--quota={}", options.quota),
                fmt::format("--window={}", options.window_ms), fmt::format("--headers={}", options.headers),
                fmt::format("--lies={}", options.lies ? "on" : "off")}});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port, std::chrono::seconds(20)); !up) return std::unexpected(up.error());
  return Limiters(std::move(*process), port);
}

}  // namespace stormproof::subjects
