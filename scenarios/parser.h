// Parser: from YAML text to a Scenario, or to every mistake in it, in order of position.
//
// The passes: bytes (encoding.h), YAML to a document, ${…} (expansion.h), the language's tables (check.h), the meaning
// of the whole (reader.h). A text that is not YAML gives one diagnostic; past that, all that is wrong is found at once.
// Any bytes may come in. Limits: scenario_bytes_max 1 MiB, line_bytes_max 16 KiB, depth_max 32, nodes_max 20'000 with
// the copies that aliases make, aliased_bytes_max 1 MiB, expanded_bytes_max 4 MiB, diagnostics_max 100.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/diagnostic.h"
#include "scenarios/expansion.h"
#include "scenarios/model.h"
#include "scenarios/proxy_config.h"

namespace stormproof::scenarios {

using Diagnostics = std::vector<Diagnostic>;

// Where only warnings were found, there is a scenario, and they are in Scenario.warnings.
//
// `file` is only a name, for diagnostics and Scenario.file. Scenario.text is `text` as it came: it holds no secret.
std::expected<Scenario, Diagnostics> parse(std::string_view text, std::string file,
                                           const Environment& environment = process_environment());

// The same from a file. One that cannot be read is a diagnostic without a position.
std::expected<Scenario, Diagnostics> load(const std::string& path,
                                          const Environment& environment = process_environment());

// The configuration of `stormproof proxy`, with the same passes.
std::expected<ProxyConfig, Diagnostics> parse_proxy(std::string_view text, std::string file,
                                                    const Environment& environment = process_environment());
std::expected<ProxyConfig, Diagnostics> load_proxy(const std::string& path,
                                                   const Environment& environment = process_environment());

}  // namespace stormproof::scenarios
