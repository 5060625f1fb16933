#include "harness/app/tls_flags.h"

namespace stormproof::app {

void UpstreamTlsFlags::add_to(CLI::App& command) {
  auto* trusted = command.add_option("--ca", ca, "trust these certificates (PEM) instead of the system's");
  command.add_flag("--insecure", insecure, "do not verify the certificate of an https:// server")->excludes(trusted);
}

base::Result<wire::TlsPeer> UpstreamTlsFlags::peer(const wire::Origin& origin, const std::string& key_log) const {
  if (origin.scheme != "https" && (insecure || !ca.empty())) {
    return base::fail(std::string(insecure ? "--insecure" : "--ca") +
                      " is for an https:// URL, and this one is http://");
  }
  return wire::tls_for(origin, {.verify = !insecure, .ca_file = ca, .key_log = key_log});
}

void ListenerTlsFlags::add_to(CLI::App& command) {
  auto* chain = command.add_option("--tls-cert", certificate,
                                   "listen with TLS: the certificate and its chain (PEM), with --tls-key");
  auto* secret = command.add_option("--tls-key", key, "the private key of --tls-cert (PEM)");
  chain->needs(secret);
  secret->needs(chain);
}

base::Result<std::shared_ptr<wire::TlsContext>> ListenerTlsFlags::context(const std::string& key_log) const {
  if (certificate.empty()) return nullptr;
  return wire::TlsContext::server({.certificate = certificate, .key = key, .key_log = key_log});
}

}  // namespace stormproof::app
