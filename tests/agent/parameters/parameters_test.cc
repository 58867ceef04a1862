#include "agent/service/parameters.h"

#include <gtest/gtest.h>

#include "agent/service/scrubber.h"

namespace resetctl::agent {
namespace {

using contract::Blueprint;
using contract::ParameterSpec;

ParameterSpec Spec(const std::string& name, bool secret = false) {
  ParameterSpec spec;
  spec.name = name;
  spec.secret = secret;
  spec.required = true;
  return spec;
}

EnvironmentReader Environment(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

ParameterSource Allowed(const std::string& name, bool is_public) {
  return {name, "", "", is_public};
}

// The only problem's reason; UNSPECIFIED when there is none.
v1::Reason OnlyReason(const ParameterAnswer& answer) {
  EXPECT_LE(answer.problems.size(), 1u);
  return answer.problems.empty() ? v1::REASON_UNSPECIFIED : answer.problems[0].reason();
}

TEST(ParametersTest, ReadsTheEnvironmentOfTheAgent) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_USERNAME")};
  const auto answer = ResolveParameters(blueprint, {Allowed("ADMIN_USERNAME", true)},
                                        Environment({{"ADMIN_USERNAME", "root"}}), true);
  ASSERT_TRUE(answer.problems.empty());
  EXPECT_EQ(answer.parameters.at("ADMIN_USERNAME").value.Reveal(), "root");
  EXPECT_FALSE(answer.parameters.at("ADMIN_USERNAME").secret);
}

TEST(ParametersTest, RefusesWhatAgentYamlDoesNotList) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("DATABASE_URL")};
  const auto answer =
      ResolveParameters(blueprint, {}, Environment({{"DATABASE_URL", "postgres://x"}}), true);
  EXPECT_EQ(OnlyReason(answer), v1::REASON_PARAMETER_NOT_ALLOWED);
  EXPECT_TRUE(answer.parameters.empty());
}

TEST(ParametersTest, IsSecretUnlessBothSayPublic) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_PASSWORD", true)};
  const auto environment = Environment({{"ADMIN_PASSWORD", "Sekret-99"}});
  const auto kept =
      ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", true)}, environment, true);
  EXPECT_TRUE(kept.parameters.at("ADMIN_PASSWORD").secret);
  EXPECT_FALSE(kept.parameters.at("ADMIN_PASSWORD").sql);

  blueprint.parameters = {Spec("ADMIN_PASSWORD", false)};
  const auto refused =
      ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)}, environment, true);
  EXPECT_EQ(OnlyReason(refused), v1::REASON_PARAMETER_NOT_ALLOWED);
}

TEST(ParametersTest, AMissingOneIsNamedAndAnEmptyOneIsMissing) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_PASSWORD", true)};
  for (const auto& environment : {Environment({}), Environment({{"ADMIN_PASSWORD", ""}})}) {
    const auto answer =
        ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)}, environment, true);
    EXPECT_EQ(OnlyReason(answer), v1::REASON_PARAMETER_MISSING);
    EXPECT_EQ(answer.problems[0].objects(0), "ADMIN_PASSWORD");
  }
}

TEST(ParametersTest, TooShortOrTooPlainIsToldWithoutTheValue) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_PASSWORD", true)};
  blueprint.parameters[0].min_length = 8;
  blueprint.parameters[0].classes = {"upper", "lower", "digit", "special"};
  for (const std::string value :
       {"Xy-9zzz", "lowercase-only-9", "UPPER-ONLY-9", "NoDigits-here", "NoSpecial99"}) {
    const auto answer = ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)},
                                          Environment({{"ADMIN_PASSWORD", value}}), true);
    EXPECT_EQ(OnlyReason(answer), v1::REASON_PARAMETER_INVALID) << value;
    EXPECT_EQ(answer.problems[0].ShortDebugString().find(value), std::string::npos);
  }
  EXPECT_TRUE(ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)},
                                Environment({{"ADMIN_PASSWORD", "Good-Pass-9"}}), true)
                  .problems.empty());
}

TEST(ParametersTest, ADefaultStandsInAndAPatternIsChecked) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_EMAIL")};
  blueprint.parameters[0].fallback = "admin@example.com";
  blueprint.parameters[0].pattern = "^[^@ ]+@[^@ ]+$";
  const std::vector<ParameterSource> allowed = {Allowed("ADMIN_EMAIL", true)};
  EXPECT_EQ(ResolveParameters(blueprint, allowed, Environment({}), true)
                .parameters.at("ADMIN_EMAIL")
                .source,
            "default");
  EXPECT_EQ(OnlyReason(ResolveParameters(blueprint, allowed,
                                         Environment({{"ADMIN_EMAIL", "nobody"}}), true)),
            v1::REASON_PARAMETER_INVALID);
}

// std::regex recurses for each character: a long text would end the agent.
TEST(ParametersTest, ATextThatIsTooLongForAPatternIsRefused) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("COMPANY")};
  blueprint.parameters[0].pattern = "(x|y)*";
  const std::vector<ParameterSource> allowed = {Allowed("COMPANY", true)};
  EXPECT_TRUE(ResolveParameters(blueprint, allowed,
                                Environment({{"COMPANY", std::string(1024, 'x')}}), true)
                  .problems.empty());
  blueprint.parameters[0].fallback = std::string(1'000'000, 'x');
  EXPECT_EQ(OnlyReason(ResolveParameters(blueprint, allowed, Environment({}), true)),
            v1::REASON_PARAMETER_INVALID);
}

TEST(ParametersTest, DerivesABcryptHashThatVerifies) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_PASSWORD", true), Spec("ADMIN_PASSWORD_HASH")};
  blueprint.parameters[1].bcrypt_of = "ADMIN_PASSWORD";
  blueprint.parameters[1].bcrypt_cost = 4;
  const auto answer = ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)},
                                        Environment({{"ADMIN_PASSWORD", "Good-Pass-9"}}), true);
  ASSERT_TRUE(answer.problems.empty());
  const ResolvedParameter& hash = answer.parameters.at("ADMIN_PASSWORD_HASH");
  EXPECT_EQ(hash.value.Reveal().substr(0, 7), "$2b$04$");
  EXPECT_TRUE(hash.sql);
  EXPECT_TRUE(BcryptMatches(base::Secret("Good-Pass-9"), hash.value.Reveal()));
  EXPECT_FALSE(BcryptMatches(base::Secret("Good-Pass-8"), hash.value.Reveal()));
}

TEST(ParametersTest, APasswordOver72BytesIsRefusedForBcrypt) {
  Blueprint blueprint;
  blueprint.parameters = {Spec("ADMIN_PASSWORD", true), Spec("ADMIN_PASSWORD_HASH")};
  blueprint.parameters[1].bcrypt_of = "ADMIN_PASSWORD";
  const auto answer =
      ResolveParameters(blueprint, {Allowed("ADMIN_PASSWORD", false)},
                        Environment({{"ADMIN_PASSWORD", std::string(73, 'x')}}), false);
  EXPECT_EQ(OnlyReason(answer), v1::REASON_PARAMETER_INVALID);
}

}  // namespace
}  // namespace resetctl::agent
