// Shadow options: what the command line says of a shadow, and what the shadow says at the end.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/proxy/shadow.h"
#include "harness/wire/net.h"

namespace stormproof::app {

// As written; `url` is empty where no shadow is asked for.
struct ShadowChoices {
  std::string url;
  std::string share = "100%";
  std::vector<std::string> methods;
  std::vector<std::string> paths;
  bool writes = false;
  std::string memory = "64MiB";
  std::string delay_max = "5ms";
};

// --shadow and --shadow-…; `choices` outlives the command.
void add_shadow_options(CLI::App& command, ShadowChoices& choices);

// Everything but the candidate's address. Methods that may change something at the candidate want `writes`.
base::Result<proxy::ShadowOptions> shadow_options(const ShadowChoices& choices);

// The candidate's address; blocks on the resolver. Only http: a shadow speaks without TLS.
base::Result<wire::Endpoint> shadow_candidate(const std::string& url);

// An error where the candidate is the upstream itself, or the listener, which would shadow its own shadows.
base::Result<void> refuse_loop(const wire::Endpoint& candidate, const wire::Endpoint& upstream,
                               const wire::Endpoint& listener);

// A line each, as the accounts of captures are printed; what is zero is left out.
std::string account_of(const proxy::ShadowCounts& counts);

}  // namespace stormproof::app
