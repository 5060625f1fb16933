#include "tests/subjects/envoy/envoy.h"

#include <fmt/format.h>

#include <charconv>

#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

std::filesystem::path program() { return installed("envoy") / "envoy" / "_bin" / "envoy"; }

constexpr int fills_per_second = 20;

void replace_all(std::string& text, std::string_view word, const std::string& value) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
    text.replace(at, word.size(), value);
}

std::string seconds(std::chrono::milliseconds duration) {
  return fmt::format("{:.3f}s", static_cast<double>(duration.count()) / 1e3);
}

std::string endpoints(const std::vector<std::uint16_t>& ports) {
  std::string all;
  for (const std::uint16_t port : ports)
    all += fmt::format("{}{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {}}}}}}}}}",
                       all.empty() ? "" : ", ", port);
  return all;
}

std::string retry_limit(const Envoy::Options& options) {
  if (options.retry_budget_percent == 0) return fmt::format("max_retries: {}", options.retries_at_once);
  return fmt::format("retry_budget: {{budget_percent: {{value: {}}}, min_retry_concurrency: 1}}",
                     options.retry_budget_percent);
}

void fill_in(std::string& config, const Envoy::Options& options, const std::filesystem::path& folder) {
  const Envoy::Ejection ejection = options.ejection.value_or(Envoy::Ejection{.base = std::chrono::seconds(30)});
  const Envoy::Limit limit = options.limit.value_or(Envoy::Limit{});
  replace_all(config, "@EJECTIONS@", (folder / "ejections").string());
  replace_all(config, "@BURST@", std::to_string(limit.burst));
  replace_all(config, "@FILL@", std::to_string(limit.per_second / fills_per_second));
  replace_all(config, "@LIMITED@", options.limit ? "100" : "0");
  replace_all(config, "@EACH_CONNECTION@", limit.each_connection ? "true" : "false");
  replace_all(config, "@RETRIES@", std::to_string(options.retries));
  replace_all(config, "@MERGED_FOR@", seconds(ejection.merged_for));
  replace_all(config, "@EJECTED@", seconds(ejection.base));
  replace_all(config, "@EJECTED_MOST@", std::to_string(ejection.most_percent));
  replace_all(config, "@EJECTS@", options.ejection ? "100" : "0");
  replace_all(config, "@REQUESTS@", std::to_string(options.requests_at_once));
  replace_all(config, "@RETRY_LIMIT@", retry_limit(options));
  replace_all(config, "@ENDPOINTS@", endpoints(options.endpoints));
}

}  // namespace

std::optional<std::string> Envoy::missing() { return not_installed("envoy", program()); }

base::Result<Envoy> Envoy::start(const Options& options) {
  auto config = support::read_file(STORMPROOF_SOURCE_DIR "/tests/subjects/envoy/envoy.yaml");
  if (!config) return std::unexpected(config.error());
  config = config->substr(config->find("admin:"));  // its comment speaks of the words
  const std::uint16_t admin = support::free_port();
  auto service = Service::start([&](std::uint16_t port, const std::filesystem::path& folder) {
    replace_all(*config, "@PORT@", std::to_string(port));
    replace_all(*config, "@ADMIN@", std::to_string(admin));
    fill_in(*config, options, folder);
    const auto path = folder / "envoy.yaml";
    // What cannot be written cannot be read: Envoy says so.
    (void)support::write_file(path, *config);
    return std::vector<std::string>{program().string(), "--config-path", path.string(),          "--concurrency", "1",
                                    "--log-level",      "warning",       "--disable-hot-restart"};
  });
  if (!service) return std::unexpected(service.error());
  return Envoy(std::move(*service), admin);
}

std::size_t Envoy::ejections() const {
  const std::string log = support::read_file(service_.folder() / "ejections").value_or("");
  std::size_t count = 0;
  for (std::size_t at = 0; at < log.size();) {
    const std::string_view line = std::string_view(log).substr(at, log.find('\n', at) - at);
    at += line.size() + 1;
    const auto says = [&](std::string_view words) { return line.find(words) != std::string_view::npos; };
    count += says("\"action\":\"EJECT\"") && says("\"enforced\":true") ? 1 : 0;
  }
  return count;
}

std::uint64_t Envoy::counter(std::string_view name) const {
  const auto answer = support::http(admin_, "/stats");
  const std::string body = answer ? answer->body : "";
  const std::string label = fmt::format("{}: ", name);
  std::uint64_t value = 0;
  std::size_t at = body.find("\n" + label);
  if (at != std::string::npos) at += 1 + label.size();
  else if (body.starts_with(label)) at = label.size();
  else return 0;
  std::from_chars(body.data() + at, body.data() + body.size(), value);
  return value;
}

}  // namespace stormproof::subjects
