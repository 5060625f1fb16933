// Certificates: an authority of the test's own, and certificates that it signs, as PEM files.
//
// The files are gone with their owner. Ends the program where OpenSSL cannot make one: no test can go on then.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace stormproof::support {

struct Identity {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

class Certificates {
 public:
  Certificates();
  Certificates(Certificates&&) noexcept;
  ~Certificates();

  // Whom to trust: curl --cacert.
  std::filesystem::path authority() const;
  const std::filesystem::path& folder() const { return folder_.path(); }

  // For these host names and IP addresses.
  Identity issue(const std::vector<std::string>& names);
  Identity issue_expired(const std::vector<std::string>& names);
  // The same, signed by nobody else.
  Identity self_signed(const std::vector<std::string>& names);

 private:
  struct Authority;
  Identity write(const std::vector<std::string>& names, bool expired, bool by_authority);

  TempDir folder_;
  std::unique_ptr<Authority> authority_;
  int made_ = 0;
};

}  // namespace stormproof::support
