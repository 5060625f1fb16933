#include "tests/support/certificates.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace stormproof::support {
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* file) const { BIO_free_all(file); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

void need(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "cannot make a certificate: {}\n", what);
  std::abort();
}

constexpr long day = 24 * 3600;

Owned<X509> begin_certificate(EVP_PKEY* key, const std::string& name, int serial, bool expired) {
  Owned<X509> made(X509_new());
  need(made != nullptr, "X509_new");
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), expired ? -3 * day : -day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), expired ? -day : 2 * day);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  need(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()),
                                  -1, -1, 0) == 1,
       "its subject");
  return made;
}

void extend(X509* certificate, int nid, const std::string& value) {
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  need(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    std::array<unsigned char, 16> address;
    const bool ip = ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
                    ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", ip ? "IP" : "DNS", name);
  }
  return text;
}

}  // namespace

struct Certificates::Authority {
  Owned<EVP_PKEY> key{EVP_EC_gen("P-256")};
  Owned<X509> certificate;
};

Certificates::Certificates() : authority_(std::make_unique<Authority>()) {
  need(authority_->key != nullptr, "a key");
  authority_->certificate = begin_certificate(authority_->key.get(), "stormproof test authority", ++made_, false);
  X509* const certificate = authority_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  need(X509_sign(certificate, authority_->key.get(), EVP_sha256()) > 0, "its signature");
  const Owned<BIO> file(BIO_new_file(authority().c_str(), "w"));
  need(file != nullptr && PEM_write_bio_X509(file.get(), certificate) == 1, "its file");
}

Certificates::Certificates(Certificates&&) noexcept = default;
Certificates::~Certificates() = default;

std::filesystem::path Certificates::authority() const { return folder_.path() / "authority.pem"; }

Identity Certificates::issue(const std::vector<std::string>& names) { return write(names, false, true); }
Identity Certificates::issue_expired(const std::vector<std::string>& names) { return write(names, true, true); }
Identity Certificates::self_signed(const std::vector<std::string>& names) { return write(names, false, false); }

Identity Certificates::write(const std::vector<std::string>& names, bool expired, bool by_authority) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  need(key != nullptr, "a key");
  const Owned<X509> made = begin_certificate(key.get(), names.front(), ++made_, expired);
  X509_set_issuer_name(made.get(), X509_get_subject_name(by_authority ? authority_->certificate.get() : made.get()));
  extend(made.get(), NID_subject_alt_name, alternative_names(names));
  need(X509_sign(made.get(), by_authority ? authority_->key.get() : key.get(), EVP_sha256()) > 0, "its signature");
  Identity identity{folder_.path() / fmt::format("{}.pem", made_), folder_.path() / fmt::format("{}.key", made_)};
  const Owned<BIO> certificate_file(BIO_new_file(identity.certificate.c_str(), "w"));
  need(certificate_file != nullptr && PEM_write_bio_X509(certificate_file.get(), made.get()) == 1, "its file");
  const Owned<BIO> key_file(BIO_new_file(identity.key.c_str(), "w"));
  need(key_file != nullptr &&
           PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "the key's file");
  return identity;
}

}  // namespace stormproof::support
