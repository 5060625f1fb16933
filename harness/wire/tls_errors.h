// TLS errors: what OpenSSL refuses, as an ErrorCode whose message() says why.
//
// Certificates that were not accepted, alerts of the other side, bytes that are no TLS. What the socket itself says
// (reset, broken pipe) stays the system's own code.
#pragma once

#include "harness/wire/net.h"

namespace stormproof::wire {

const boost::system::error_category& tls_category();

// A verdict of X509_verify_cert, other than X509_V_OK: "its certificate is not accepted: self-signed certificate".
ErrorCode certificate_error(long verify_result);

// OpenSSL only says that a certificate was not accepted; the verdict says why.
bool is_unverified(const ErrorCode& error);

// The oldest error of OpenSSL's queue (or that a certificate was not accepted, wherever that stands), which is empty
// afterwards; where it was empty, `no_reason`.
ErrorCode take_tls_error();

// Errors that OpenSSL has no number for.
enum class TlsError : int {
  no_reason = 4096,    // above the verdicts, below what OpenSSL packs
  ended_in_handshake,  // the other side closed the connection before it was done
  no_name,             // a certificate is to be verified, and no name was given for it
};
ErrorCode make_tls_error(TlsError error);

}  // namespace stormproof::wire
