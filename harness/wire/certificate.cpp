#include "harness/wire/certificate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "harness/wire/tls_errors.h"

namespace stormproof::wire {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* file) const { BIO_free_all(file); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

constexpr long day = 24L * 3600;
constexpr long authority_days = 3650;
constexpr long certificate_days = 30;

std::unexpected<base::Error> failed(std::string_view what) {
  return base::fail(fmt::format("cannot make a certificate: {}: {}", what, take_tls_error().message()));
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate, EVP_PKEY* key) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr) return "";
  if (certificate != nullptr && PEM_write_bio_X509(memory.get(), certificate) != 1) return "";
  if (key != nullptr && PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return "";
  return text_of(memory.get());
}

bool extend(X509* certificate, int nid, const std::string& value) {
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Owned<X509> begin_certificate(EVP_PKEY* key, const std::string& name, long from, long to) {
  Owned<X509> made(X509_new());
  std::array<unsigned char, 8> serial = {};
  if (made == nullptr || RAND_bytes(serial.data(), serial.size()) != 1) return nullptr;
  serial[0] &= 0x7F;
  BIGNUM* const number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  const bool numbered = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.get())) != nullptr;
  BN_free(number);
  X509_set_version(made.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), to);
  X509_set_pubkey(made.get(), key);
  const bool named = X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                                reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1;
  if (!numbered || !named) return nullptr;
  return made;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    boost::system::error_code none;
    boost::asio::ip::make_address(name, none);
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", none ? "DNS" : "IP", name);
  }
  return text;
}

// With these rights from the beginning; what was there is replaced.
base::Result<void> write(const std::string& file, const std::string& text, mode_t mode) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return base::fail_errno("cannot write " + file, errno);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  if (!whole) return base::fail_errno("cannot write " + file, error);
  return {};
}

std::string read(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

struct CertificateAuthority::Own {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Own> own) : own_(std::move(own)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

base::Result<CertificateAuthority> CertificateAuthority::open(const std::string& file) {
  auto own = std::make_unique<Own>();
  const std::string key_file = file + ".key";
  const std::string certificate = read(file);
  const std::string key = read(key_file);
  if (certificate.empty() != key.empty())
    return base::fail(
        fmt::format("of the authority {} and its key {} only one is there: remove it, or put the other "
                    "back",
                    file, key_file));
  if (!certificate.empty()) {
    const Owned<BIO> first(BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size())));
    own->certificate.reset(PEM_read_bio_X509(first.get(), nullptr, nullptr, nullptr));
    const Owned<BIO> second(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    own->key.reset(PEM_read_bio_PrivateKey(second.get(), nullptr, nullptr, nullptr));
    if (own->certificate == nullptr || own->key == nullptr ||
        X509_check_private_key(own->certificate.get(), own->key.get()) != 1) {
      return base::fail(fmt::format("{} and {} are no certificate and its key in PEM: {}", file, key_file,
                                    take_tls_error().message()));
    }
    return CertificateAuthority(std::move(own));
  }
  own->key.reset(EVP_EC_gen("P-256"));
  if (own->key == nullptr) return failed("its key");
  own->certificate = begin_certificate(own->key.get(), "stormproof test authority", -day, authority_days * day);
  X509* const made = own->certificate.get();
  if (made == nullptr) return failed("the authority");
  X509_set_issuer_name(made, X509_get_subject_name(made));
  if (!extend(made, NID_basic_constraints, "critical,CA:TRUE") ||
      !extend(made, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      X509_sign(made, own->key.get(), EVP_sha256()) <= 0)
    return failed("the authority");
  if (auto written = write(key_file, pem_of(nullptr, own->key.get()), 0600); !written)
    return std::unexpected(written.error());
  if (auto written = write(file, pem_of(made, nullptr), 0644); !written) return std::unexpected(written.error());
  return CertificateAuthority(std::move(own));
}

base::Result<std::string> CertificateAuthority::issue(const std::vector<std::string>& names,
                                                      CertificateFlaw flaw) const {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (key == nullptr) return failed("its key");
  const bool expired = flaw == CertificateFlaw::expired;
  const std::vector<std::string> stated =
      flaw == CertificateFlaw::wrong_host ? std::vector<std::string>{"wrong-host.stormproof.invalid"} : names;
  const Owned<X509> made = begin_certificate(key.get(), stated.front(), expired ? -certificate_days * day : -day,
                                             expired ? -day : certificate_days * day);
  if (made == nullptr) return failed(stated.front());
  const bool by_itself = flaw == CertificateFlaw::self_signed;
  X509_set_issuer_name(made.get(), X509_get_subject_name(by_itself ? made.get() : own_->certificate.get()));
  if (!extend(made.get(), NID_subject_alt_name, alternative_names(stated)) ||
      X509_sign(made.get(), by_itself ? key.get() : own_->key.get(), EVP_sha256()) <= 0)
    return failed(stated.front());
  return pem_of(made.get(), key.get());
}

}  // namespace stormproof::wire
