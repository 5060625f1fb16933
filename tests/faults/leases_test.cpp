#include "faults/leases.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/wire/loop_thread.h"
#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

using std::chrono::milliseconds;

class LeasesTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_.call([&] { leases_ = std::make_unique<Leases>(loop_.io()); });
  }
  void TearDown() override {
    loop_.run(leases_->close());
    loop_.call([&] {
      kept_.clear();
      leases_.reset();
    });
  }
  std::size_t grant(milliseconds term, const std::string& name) {
    return loop_.call([&] {
      kept_.push_back(leases_->grant(term, [this, name] { ended_ += name; }));
      return kept_.size() - 1;
    });
  }
  std::string ended() {
    return loop_.call([&] { return ended_; });
  }
  bool comes_to(const std::string& names) {
    return support::eventually(std::chrono::seconds(5), [&] { return ended() == names; });
  }

  wire::LoopThread loop_;
  std::unique_ptr<Leases> leases_;
  std::vector<std::unique_ptr<Leases::Lease>> kept_;
  std::string ended_;
};

TEST_F(LeasesTest, EachEndsOnceInTheOrderOfItsTerm) {
  grant(milliseconds(60), "late ");
  grant(milliseconds(20), "soon ");
  EXPECT_TRUE(comes_to("soon late "));
}

TEST_F(LeasesTest, OneThatIsRenewedGoesOnAndOneGivenBackEndsNothing) {
  const std::size_t renewed = grant(std::chrono::hours(1), "never ");
  const std::size_t given_back = grant(milliseconds(20), "never ");
  loop_.call([&] {
    kept_[given_back].reset();
    kept_[renewed]->renew();
  });
  grant(milliseconds(40), "end ");
  EXPECT_TRUE(comes_to("end "));
  EXPECT_GT(loop_.call([&] { return kept_[renewed]->left(); }), milliseconds(3'500'000));
}

TEST_F(LeasesTest, AnEndMayGrantAnother) {
  loop_.call([&] {
    kept_.push_back(leases_->grant(milliseconds(5), [this] {
      ended_ += "first ";
      kept_[0] = leases_->grant(milliseconds(5), [this] { ended_ += "second "; });
    }));
  });
  EXPECT_TRUE(comes_to("first second "));
  EXPECT_EQ(loop_.call([&] { return kept_[0]->left(); }), milliseconds(0));
}

}  // namespace
}  // namespace stormproof::faults
