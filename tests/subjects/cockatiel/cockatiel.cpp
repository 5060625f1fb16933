#include "tests/subjects/cockatiel/cockatiel.h"

#include <fmt/format.h>

#include "tests/subjects/service.h"

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/tests/subjects/cockatiel";

}  // namespace

std::optional<std::string> Cockatiel::missing() {
  return not_installed("cockatiel", home / "node_modules" / "cockatiel");
}

std::vector<std::string> Cockatiel::command(const Options& options) {
  return {"node",
          (home / "service.js").string(),
          fmt::format("--port={}", options.port),
          "--payments=" + options.payments,
          "--kind=" + options.kind,
          "--defect=" + options.defect,
          fmt::format("--halfOpenAfter={}", options.half_open_after.count()),
          fmt::format("--duration={}", options.duration.count()),
          fmt::format("--timeout={}", options.timeout.count()),
          "--truth=" + options.truth.string()};
}

}  // namespace stormproof::subjects
