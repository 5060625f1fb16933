#include "faults/tls_fault.h"

#include <gtest/gtest.h>

#include "faults/stream_injector.h"

namespace stormproof::faults {
namespace {

TEST(TlsFault, IsExactlyOne) {
  EXPECT_TRUE(TlsFault{.expired = true}.check());
  EXPECT_FALSE(TlsFault{}.check());
  EXPECT_FALSE((TlsFault{.expired = true, .stall = true}.check()));
}

TEST(TlsFault, NeedsWhatItShows) {
  const base::SystemClock clock;
  StreamInjector injector(clock, nullptr, 0, 1);
  EXPECT_FALSE(injector.set({.name = "a", .kind = TlsFault{.expired = true}})) << "the proxy has no certificates";
  EXPECT_TRUE(injector.set({.name = "a", .kind = TlsFault{.alert = true}}));
  EXPECT_FALSE(injector.set({.name = "b", .place = Place::upstream, .kind = TlsFault{.alert = true}}));
}

}  // namespace
}  // namespace stormproof::faults
