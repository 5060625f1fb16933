// TlsFault: what goes wrong while a client shakes hands with the relay, where that speaks TLS.
//
// Of certificates: expired, signed by nobody, for another name; the authority is right, so a client that looks refuses it, and one
// that goes on does not look, which the ledger says. stall: nothing is said; alert: a fatal handshake_failure; no-alpn: a server
// that knows none of the client's protocols. Meets new connections; one that was stalled is closed when the fault goes.
#pragma once

#include <string_view>

#include "harness/base/error.h"

namespace stormproof::faults {

struct TlsFault {
  static constexpr std::string_view type = "tls";
  static constexpr std::string_view about =
      "What goes wrong in the handshake, where the dependency's proxy speaks TLS. Exactly one.";

  bool expired = false;
  bool self_signed = false;
  bool wrong_host = false;
  bool stall = false;
  bool alert = false;
  bool no_alpn = false;

  base::Result<void> check() const {
    const int chosen = expired + self_signed + wrong_host + stall + alert + no_alpn;
    if (chosen != 1)
      return base::fail("'tls' takes exactly one of expired, self-signed, wrong-host, stall, alert and no-alpn");
    return {};
  }

  template <typename Self, typename Visit>
  static void fields(Self& self, Visit&& visit) {
    visit.flag("expired", self.expired, "the certificate was good until yesterday");
    visit.flag("self-signed", self.self_signed, "the certificate is signed by no authority");
    visit.flag("wrong-host", self.wrong_host, "the certificate is for another name");
    visit.flag("stall", self.stall, "the relay never answers the client's first words");
    visit.flag("alert", self.alert, "the relay answers with a fatal alert, handshake_failure");
    visit.flag("no-alpn", self.no_alpn, "the relay speaks none of the protocols that the client offers");
  }
  bool operator==(const TlsFault&) const = default;
};

}  // namespace stormproof::faults
