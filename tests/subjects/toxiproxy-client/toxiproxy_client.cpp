#include "tests/subjects/toxiproxy-client/toxiproxy_client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/tests/subjects/toxiproxy-client";

}  // namespace

std::optional<std::string> toxiproxy_client_missing() {
  const auto node = support::run_to_end({.argv = {"node", "--version"}});
  if (!node || node->exit_code != 0) return "node is not installed";
  if (!std::filesystem::exists(home / "node_modules" / "toxiproxy-node-client"))
    return "the npm packages of tests/subjects/toxiproxy-client are not installed (./dev test installs them where npm "
           "is)";
  return std::nullopt;
}

bool toxiproxy_client_skip_is_failure() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

base::Result<support::Finished> drive_with_toxiproxy_client(std::uint16_t api_port, std::uint16_t echo_port) {
  return support::run_to_end({.argv = {"node", (home / "drive.js").string(),
                                       fmt::format("http://127.0.0.1:{}", api_port), std::to_string(echo_port)}});
}

}  // namespace stormproof::subjects
