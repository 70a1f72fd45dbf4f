//! Images: whether they are there, and what they call the device that an instance boots from.

use aws_sdk_ec2::types::Image;

use crate::answer::{needed_text, some};
use crate::failure::Failure;
use crate::read::{Shown, States, pages};
use crate::{Ec2, filter};

/// What EC2 says of those images that there are of these ids, at most as many as one request takes. What they
/// call their root devices is remembered.
pub async fn read(ec2: &Ec2, ids: &[String]) -> Result<States, Failure> {
    const ACTION: &str = "DescribeImages";
    let mut states = States::new();
    // Whoever knows the id of a deprecated image may launch it. One that is disabled is there, and is not to
    // be had.
    let request = ec2
        .client
        .describe_images()
        .include_deprecated(true)
        .include_disabled(true)
        .max_results(1000);
    pages!(
        ec2,
        "DescribeImages",
        request.filters(filter::of("image-id", ids)),
        images,
        |image: Image| {
            let id = needed_text(ACTION, "imageId", image.image_id)?;
            if let Some(device) = some(image.root_device_name) {
                ec2.session.learn_root_device(&id, &device);
            }
            let shown = Shown {
                state: image
                    .state
                    .map(|state| state.as_str().to_owned())
                    .unwrap_or_default(),
                architectures: image
                    .architecture
                    .into_iter()
                    .map(|architecture| architecture.as_str().to_owned())
                    .collect(),
            };
            states.insert(id, shown);
            Ok::<_, Failure>(())
        }
    );
    Ok(states)
}

/// What the image calls the device that it boots from.
pub async fn root_device(ec2: &Ec2, id: &str) -> Result<String, Failure> {
    if let Some(device) = ec2.session.root_device(id) {
        return Ok(device);
    }
    let states = read(ec2, &[id.to_owned()]).await?;
    let there = if states.contains_key(id) {
        "EC2 did not say the `rootDeviceName` of"
    } else {
        "there is no"
    };
    ec2.session.root_device(id).ok_or_else(|| {
        Failure::invalid(
            "DescribeImages",
            format!("{there} image {id} in {}", ec2.site.region),
        )
    })
}
