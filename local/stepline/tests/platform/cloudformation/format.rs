//! The form of templates: what is refused before anything is made, in AWS's words.

use super::{account, ok, refusal};
use serde_json::json;

/// A resource, so that a template has one.
const QUEUE: &str = "Resources: {Q: {Type: AWS::SQS::Queue}}";

/// Templates that AWS refuses, with what it says.
const REFUSED: &[(&str, &str)] = &[
    ("[]", "Template format error: unsupported structure."),
    (
        "Resources: {}",
        "Template format error: At least one Resources member must be defined.",
    ),
    (
        "Resources: {A: {Type: AWS::SQS::Queue}}\nBogus: 1\nOther: 2",
        "Invalid template property or properties [Bogus, Other]",
    ),
    (
        "Resources: {A: queue}",
        "Template format error: Any Resources member must be an object.",
    ),
    (
        "Resources: {A: {Properties: {}}}",
        "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
    ),
    (
        "Resources: {A: {Type: {Ref: T}}}",
        "Template format error: [/Resources/A] Every Type member must be a string.",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Invalid: 10}}",
        "Invalid template resource property 'Invalid'",
    ),
    (
        "Resources: {a-b: {Type: AWS::SNS::Topic}}",
        "Template format error: Resource name a-b is non alphanumeric.",
    ),
    (
        "Resources: {A: {Type: Topic}, B: {Type: 'AWS::SQS:Queue'}}",
        "Template format error: Unrecognized resource types: [Topic, AWS::SQS:Queue]",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: {Ref: B}}}",
        "Template format error: DependsOn must be a string or list of strings.",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Condition: {Ref: B}}}",
        "Template format error: Every Condition member must be a string.",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, DependsOn: [None]}}",
        "Template format error: Unresolved resource dependencies [None] in the Resources block of the template",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {Ref: B}, DisplayName: {'Fn::Sub': '${C}-${B}'}}}}",
        "Template format error: Unresolved resource dependencies [B, C] in the Resources block of the template",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {Ref: [A]}}}}",
        "Template error: every Ref object must have a single String value.",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::GetAtt': [B, Arn]}}}}",
        "Template error: instance of Fn::GetAtt references undefined resource B",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::GetAtt': [A]}}}}",
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::Sub': '${B.Arn}'}}}}",
        "Template error: instance of Fn::Sub references invalid resource attribute B.Arn",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::If': [C, a, b]}}}}",
        "Template error: unresolved condition dependency C in Fn::If",
    ),
    (
        "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::FindInMap': [M, a, b]}}}}",
        "Template error: Mapping named 'M' is not present in the 'Mappings' section of template.",
    ),
];

/// The same of the other sections: each stands beside a resource.
const SECTIONS: &[(&str, &str)] = &[
    (
        "Parameters: {a-b: {Type: String}}",
        "Template format error: Parameter name a-b is non alphanumeric.",
    ),
    (
        "Parameters: {P: {Type: String, Defaults: a}}",
        "Invalid template parameter property 'Defaults'",
    ),
    (
        "Parameters: {P: {Type: Strin}}",
        "Template format error: Unrecognized parameter type: Strin",
    ),
    (
        "Parameters: {P: {Type: String, Default: {Ref: AWS::Region}}}",
        "Template format error: Every Default member must be a string.",
    ),
    (
        "Parameters: {P: {Type: String, Default: {'Fn::Transform': {Name: M}}}}",
        "Template format error: Every Default member must be a string.",
    ),
    (
        "Mappings: {M: {A: text}}",
        "Template format error: Every Mappings member A must be a map",
    ),
    (
        "Mappings: {M: {A: {B: {Ref: P}}}}",
        "Template format error: Every Mappings attribute must be a String or a List.",
    ),
    (
        "Mappings: {M: {A: {B: {'Fn::Transform': {Name: M}}}}}",
        "Template format error: Every Mappings attribute must be a String or a List.",
    ),
    (
        "Mappings: {M: {A: {B: {C: d}}}}",
        "Template format error: Every Mappings attribute must be a String or a List.",
    ),
    (
        "Mappings: {M: {A: {B: [{'Fn::Sub': c}]}}}",
        "Template format error: Every Mappings attribute must be a String or a List.",
    ),
    (
        "Conditions: {C: true}",
        "Template format error: Conditions can only be boolean operations on parameters and other conditions",
    ),
    (
        "Conditions: {C: {'Fn::Sub': a}}",
        "Template format error: Conditions can only be boolean operations on parameters and other conditions",
    ),
    (
        "Conditions: {C: {'Fn::Equals': [a]}}",
        "Template error: every Fn::Equals object requires a list of 2 string parameters.",
    ),
    (
        "Conditions: {C: {'Fn::And': [{'Fn::Equals': [a, b]}]}}",
        "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    (
        "Conditions: {C: {'Fn::Equals': [{'Fn::ImportValue': a}, b]}}",
        "Template error: Cannot use Fn::ImportValue in Conditions",
    ),
    (
        "Conditions: {C: {'Fn::Equals': [{Ref: Q}, b]}}",
        "Template format error: Unresolved dependencies [Q]. Cannot reference resources in the Conditions block of the template",
    ),
    (
        "Outputs: {O: {Description: d}}",
        "Template format error: Every Outputs member must contain a Value object",
    ),
    (
        "Outputs: {O: {Value: null}}",
        "[/Outputs/O/Value] 'null' values are not allowed in templates",
    ),
    (
        "Outputs: {O: {Value: {Ref: B}}}",
        "Unresolved resource dependencies [B] in the Outputs block of the template",
    ),
];

/// Templates that are taken, odd as they look.
const TAKEN: &[&str] = &[
    "Resources: {A: {Type: Custom::Thing, Properties: {ServiceToken: t}}}",
    "Resources: {A: {Type: Vendor::Service::Thing::MODULE}}",
    "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {Ref: FunctionRole}}}}",
    "Resources: {A: {Type: AWS::SNS::Topic, Properties: {TopicName: {'Fn::Sub': ['${L}-${!B}-${AWS::Region}', {L: l}]}}}}",
    "Parameters: {P: {Type: 'List<AWS::EC2::Subnet::Id>'}}\nMappings: {M: {A: {B: [c, 1]}}}\nConditions: {C: {'Fn::Not': [{'Fn::Equals': \
     [{Ref: P}, {'Fn::FindInMap': [M, A, B]}]}]}}\nResources: {A: {Type: AWS::SNS::Topic, Condition: C}}",
];

#[tokio::test]
async fn a_template_is_refused_in_aws_s_words() {
    let cloud = account();
    let beside = SECTIONS
        .iter()
        .map(|(section, says)| (format!("{section}\n{QUEUE}"), *says));
    let alone = REFUSED.iter().map(|(template, says)| ((*template).to_owned(), *says));
    for (template, says) in alone.chain(beside) {
        for operation in ["ValidateTemplate", "CreateStack"] {
            let mut input = json!({"TemplateBody": template});
            if operation == "CreateStack" {
                input["StackName"] = "s".into();
            }
            let refused = refusal(&cloud, operation, input).await;
            assert_eq!(refused, format!("ValidationException: {says}"), "{template}");
        }
    }
    for template in TAKEN {
        ok(&cloud, "ValidateTemplate", json!({"TemplateBody": template})).await;
    }
}

#[tokio::test]
async fn transforms_of_sections_are_refused_by_name() {
    let cloud = account();
    for section in ["Parameters", "Mappings", "Conditions"] {
        let template = format!("{section}: {{'Fn::Transform': {{Name: 'AWS::Include'}}}}\n{QUEUE}");
        let refused = refusal(&cloud, "ValidateTemplate", json!({"TemplateBody": template})).await;
        assert_eq!(
            refused,
            format!("NotInLocalRun: the local run has no `cloudformation:Fn::Transform in {section}`")
        );
    }
}

#[tokio::test]
async fn a_template_is_refused_for_its_values() {
    let cloud = account();
    for (template, says) in [
        (
            "Mappings: {M: {A: {B: c}}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: {'Fn::FindInMap': [M, C, B]}}}}",
            "Template error: Unable to get mapping for M::C::B",
        ),
        (
            "Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}, B: {Type: AWS::SQS::Queue, DependsOn: A}}",
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Conditions: {C: {'Fn::Equals': [a, b]}}\nResources: {A: {Type: AWS::SQS::Queue, Condition: C}, B: {Type: AWS::SQS::Queue, \
             DependsOn: A, Properties: {QueueName: {Ref: A}}}}",
            "Template format error: Unresolved resource dependencies [A] in the Resources block of the template",
        ),
        (
            "Conditions: {C: {'Fn::Equals': [a, b]}}\nResources: {A: {Type: AWS::SQS::Queue, Condition: C}, B: {Type: AWS::SQS::Queue}}\n\
             Outputs: {O: {Condition: C, Value: {Ref: A}}, P: {Value: {'Fn::GetAtt': [A, Arn]}}}",
            "Unresolved resource dependencies [A] in the Outputs block of the template",
        ),
    ] {
        let input = json!({"StackName": "s", "TemplateBody": template});
        let refused = refusal(&cloud, "CreateStack", input).await;
        assert_eq!(refused, format!("ValidationException: {says}"));
    }
}
