#include "tests/subjects/suspect/suspect.h"

#include <fmt/format.h>

namespace stormproof::subjects {

std::filesystem::path Suspect::program() { return STORMPROOF_BINARY_DIR "/tests/subjects/suspect/suspect"; }

std::vector<std::string> Suspect::command(const Options& options) {
  std::vector<std::string> command = {program().string(),
                                      fmt::format("--port={}", options.port),
                                      fmt::format("--payments={}", options.payments),
                                      fmt::format("--defect={}", to_string(options.defect)),
                                      fmt::format("--sleep={}", options.sleep.count()),
                                      fmt::format("--timeout={}", options.timeout.count()),
                                      fmt::format("--attempts={}", options.attempts),
                                      fmt::format("--backoff={}", options.backoff.count()),
                                      fmt::format("--limit={}", options.limit),
                                      fmt::format("--burst={}", options.burst)};
  if (options.breaker) command.emplace_back("--breaker");
  if (!options.truth.empty()) command.push_back("--truth=" + options.truth.string());
  return command;
}

std::vector<std::string> Suspect::command(const Dependency& dependency) {
  return {program().string(),
          "--dependency",
          fmt::format("--port={}", dependency.port),
          fmt::format("--work={}", dependency.work.count()),
          fmt::format("--jitter={}", dependency.jitter),
          fmt::format("--errors={}", dependency.errors)};
}

}  // namespace stormproof::subjects
