// CertificateAuthority: certificates of the harness's own, right ones and ones that a client must refuse.
//
// The authority is a file of PEM that clients are told to trust; its key stands beside it (FILE.key, for its owner alone). Both
// are made where they are not there yet, so that a service that runs already may go on trusting it. Keys are P-256. What is
// issued stays in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::wire {

// What is wrong with a certificate.
enum class CertificateFlaw : std::uint8_t {
  none,
  expired,      // since yesterday
  self_signed,  // by nobody that the client trusts
  wrong_host,   // for another name
};

class CertificateAuthority {
 public:
  // Errors name the file.
  static base::Result<CertificateAuthority> open(const std::string& file);
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
  ~CertificateAuthority();

  // For these host names and IP addresses, at least one: certificate and key, as PEM (TlsServerOptions::pem).
  base::Result<std::string> issue(const std::vector<std::string>& names, CertificateFlaw flaw) const;

 private:
  struct Own;
  explicit CertificateAuthority(std::unique_ptr<Own> own);
  std::unique_ptr<Own> own_;
};

}  // namespace stormproof::wire
