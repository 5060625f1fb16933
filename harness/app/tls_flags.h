// TLS flags: how several subcommands are told whom to trust, and where keys go.
//
// One word for each, and one meaning. A flag that could have no effect is refused.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/wire/tls.h"

namespace stormproof::app {

// Of a subcommand that speaks to an upstream or a target.
struct UpstreamTlsFlags {
  std::string ca;         // --ca
  bool insecure = false;  // --insecure

  void add_to(CLI::App& command);
  // How `origin` is spoken to. `key_log`: "" for none.
  base::Result<wire::TlsPeer> peer(const wire::Origin& origin, const std::string& key_log = {}) const;
};

// Of a subcommand that listens.
struct ListenerTlsFlags {
  std::string certificate;  // --tls-cert
  std::string key;          // --tls-key

  void add_to(CLI::App& command);
  // nullptr: without TLS.
  base::Result<std::shared_ptr<wire::TlsContext>> context(const std::string& key_log = {}) const;
};

}  // namespace stormproof::app
