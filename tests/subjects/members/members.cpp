#include "tests/subjects/members/members.h"

#include <fmt/format.h>

#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/tests/subjects/members";

}  // namespace

std::optional<std::string> Members::missing() {
  const auto node = support::run_to_end({.argv = {"node", "--version"}});
  if (!node || node->exit_code != 0) return "node is not installed";
  for (const std::string package : {"express", "express-session", "compression"}) {
    if (!std::filesystem::exists(home / "node_modules" / package)) {
      return "the npm packages of tests/subjects/members are not installed (./dev test installs them where npm is)";
    }
  }
  return std::nullopt;
}

base::Result<Members> Members::start() {
  const std::uint16_t port = support::free_port();
  auto process =
      support::Process::start({.argv = {"node", (home / "service.js").string(), fmt::format("--port={}", port)}});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port, std::chrono::seconds(20)); !up) return std::unexpected(up.error());
  return Members(std::move(*process), port);
}

}  // namespace stormproof::subjects
